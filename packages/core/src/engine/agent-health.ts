import { actualState } from "../domain/derive-status.ts";
import type { ActualState } from "../domain/workload-status.ts";
import type { AgentHealth } from "../ports/agent-api.ts";
import type { EngineState } from "./engine-state.ts";

const orphansMax = 100;

/** How the agent of this state is, from memory. */
export function agentHealth(state: EngineState): AgentHealth {
  const { options, watches } = state;
  const store = state.storeHealth();
  const reasons = [...runtimeReasons(state), ...(store === "healthy" ? [] : [`store: ${store}`])];
  const orphans = [...watches]
    .flatMap(([type, watch]) => watch.orphans.map((id) => `${type}/${id}`))
    .slice(0, orphansMax);
  return {
    healthy: reasons.length === 0,
    reasons,
    version: options.version,
    nodeId: options.nodeId,
    runtimes: Object.fromEntries([...watches].map(([type, watch]) => [type, watch.healthText])),
    runtimeVersions: Object.fromEntries(
      [...watches].flatMap(([type, { version }]) => (version === "" ? [] : [[type, version]])),
    ),
    store,
    utilization: options.resources?.utilization() ?? {
      memoryPercent: 0,
      cpuPercent: 0,
      diskPercent: 0,
    },
    workloads: workloadCounts(state),
    orphans,
  };
}

/**
 * The runtimes that make the node unwell. One that has not answered since the start and has no workload is not missed by anybody, as long as
 * another one answers: a node need not have everything that it could use.
 */
function runtimeReasons({ watches, lanes }: EngineState): string[] {
  const failing = [...watches].filter(([, watch]) => watch.failure !== undefined);
  if (failing.length === 0) return [];
  const inUse = new Set([...lanes.values()].map((lane) => lane.record?.type));
  const isMissed = ([type, watch]: (typeof failing)[number]): boolean =>
    watch.hasAnswered || inUse.has(type);
  return failing
    .filter(failing.length === watches.size ? () => true : isMissed)
    .map(([type, watch]) => `runtime ${type}: ${watch.healthText}`);
}

function workloadCounts({ options, lanes, quarantined }: EngineState): Record<ActualState, number> {
  const nowMs = options.clock.wallMs();
  const counts: Record<ActualState, number> = {
    pending: 0,
    running: 0,
    stopped: 0,
    failed: 0,
    unknown: quarantined.size,
  };
  for (const lane of lanes.values()) {
    if (lane.record === undefined) continue;
    const observation = lane.observation();
    const unreadable = observation.kind === "unreadable" ? { unreadable: observation.failure } : {};
    counts[actualState(lane.record, unreadable, nowMs)] += 1;
  }
  return counts;
}
