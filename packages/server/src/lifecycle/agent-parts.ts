import type { Engine } from "@persys/core";
import type { ServerTransport } from "../composition/tokens.ts";
import type { Config } from "../config/config.ts";
import { type Endpoints, removeEndpoints, writeEndpoints } from "../dev-profile/endpoints-file.ts";
import type { StatusServer } from "../http-status/status-server.ts";
import { type LockHolder, type NodeLock, takeNodeLock } from "../node-identity/node-lock.ts";
import { listenFailure } from "../start-failure.ts";
import type { PhaseHolder } from "./agent-phase.ts";
import type { LifecyclePart } from "./lifecycle.ts";

/** Everything local is done or hopeless within this time. */
const shortMs = 5_000;

/**
 * Recovery lists every runtime once, and a runtime that hangs is given up after its own time-out; this bounds what nothing else does.
 */
const engineStartMs = 600_000;

/** The exclusive right to this node id on this host. */
export function nodeLockPart(holder: LockHolder): LifecyclePart {
  let lock: NodeLock | undefined;
  return {
    name: "the lock of the node id",
    startTimeoutMs: shortMs,
    stopTimeoutMs: shortMs,
    start: async () => {
      lock = await takeNodeLock(holder);
    },
    stop: async () => lock?.release(),
  };
}

/** Health and metrics; `serves` is told where. */
export function statusPart(
  server: StatusServer,
  config: Config,
  serves: (origin: string) => void,
): LifecyclePart {
  return {
    name: "health and metrics",
    startTimeoutMs: shortMs,
    stopTimeoutMs: shortMs,
    start: async () => {
      try {
        serves(await server.start());
      } catch (error) {
        throw listenFailure(error, {
          what: "health and metrics",
          address: config.metricsAddress,
          port: config.metricsPort,
          addressSetting: "PERSYS_METRICS_ADDR",
          portSetting: "PERSYS_METRICS_PORT",
        });
      }
    },
    stop: () => server.stop(),
  };
}

/** The engine. Its stop has most of the time there is: a step under way should end rather than be cut. */
export function enginePart(engine: Engine, config: Config): LifecyclePart {
  return {
    name: "the engine",
    startTimeoutMs: engineStartMs,
    stopTimeoutMs: Math.round(config.stopTimeoutMs * 0.7),
    start: (signal) => engine.start(signal),
    stop: () => engine.stop(),
  };
}

/** A transport; `serves` is told where. Calls under way get a quarter of the time to end. */
export function transportPart(
  transport: ServerTransport,
  config: Config,
  serves: (origin: string) => void,
): LifecyclePart {
  const graceMs = Math.round(config.stopTimeoutMs / 4);
  return {
    name: `the ${transport.name} transport`,
    startTimeoutMs: shortMs,
    stopTimeoutMs: graceMs + 1_000,
    start: async (signal) => {
      try {
        serves(await transport.start(signal));
      } catch (error) {
        throw listenFailure(error, transport.place);
      }
    },
    stop: () => transport.stop(graceMs),
  };
}

/** The phase: `serving` once everything before is started, `stopping` before any of it is stopped. */
export function phasePart(holder: PhaseHolder): LifecyclePart {
  return {
    name: "the phase",
    startTimeoutMs: shortMs,
    stopTimeoutMs: shortMs,
    start: () => {
      holder.phase = "serving";
      return Promise.resolve();
    },
    stop: () => {
      holder.phase = "stopping";
      return Promise.resolve();
    },
  };
}

/** The file that tells clients where a development agent serves. It also goes when the process ends by an error. */
export function endpointsPart(devDir: string, endpoints: () => Endpoints): LifecyclePart {
  const remove = (): void => removeEndpoints(devDir, process.pid);
  return {
    name: "the endpoints file",
    startTimeoutMs: shortMs,
    stopTimeoutMs: shortMs,
    start: () => {
      process.once("exit", remove);
      writeEndpoints(devDir, endpoints());
      return Promise.resolve();
    },
    stop: () => {
      process.off("exit", remove);
      remove();
      return Promise.resolve();
    },
  };
}
