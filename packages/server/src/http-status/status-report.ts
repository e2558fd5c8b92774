import type { AgentHealth } from "@persys/core";
import type { AgentPhase } from "../lifecycle/agent-phase.ts";

/** An answer of the status server. */
export interface StatusReport {
  readonly statusCode: 200 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the reports are made of. */
export interface StatusSource {
  phase(): AgentPhase;
  /** Only asked while the phase is `serving`. */
  health(): AgentHealth;
}

/**
 * Whether the agent is alive and well: 200 with the status `healthy`, `starting` or `stopping`, else 503 with every reason. An agent that
 * starts or stops is alive: whoever watches over it should wait, not end it.
 */
export function healthReport(source: StatusSource): StatusReport {
  const phase = source.phase();
  if (phase !== "serving") return { statusCode: 200, body: { status: phase } };
  const health = source.health();
  const about = { version: health.version, node_id: health.nodeId };
  const parts = { runtimes: health.runtimes, store: health.store };
  if (health.healthy) return { statusCode: 200, body: { status: "healthy", ...about, ...parts } };
  return {
    statusCode: 503,
    body: { status: "unhealthy", reasons: health.reasons, ...about, ...parts },
  };
}

/**
 * Whether requests are answered: the engine has recovered everything and its store can be written. A runtime that does not answer is no
 * reason to turn requests away: they are stored, and carried out when it is back.
 */
export function readyReport(source: StatusSource): StatusReport {
  const phase = source.phase();
  if (phase !== "serving") {
    return { statusCode: 503, body: { ready: false, reasons: [`the agent is ${phase}`] } };
  }
  const { store } = source.health();
  return store === "healthy"
    ? { statusCode: 200, body: { ready: true } }
    : { statusCode: 503, body: { ready: false, reasons: [`store: ${store}`] } };
}
