import type { AgentError } from "../errors/agent-error.ts";
import type { AgentApi } from "../ports/agent-api.ts";
import type { Clock } from "../ports/clock.ts";
import type { HostPolicySource } from "../ports/host-policy.ts";
import type { Logger } from "../ports/logger.ts";
import type { NodeResources } from "../ports/node-resources.ts";
import type { Random } from "../ports/random.ts";
import type { SecretSealer } from "../ports/secret-sealer.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { WorkloadRuntime } from "../ports/workload-runtime.ts";
import type { EnginePolicy } from "./engine-policy.ts";

/** What an engine is made of. */
export interface EngineOptions {
  /** Names this node; the runtimes mark what they make with it. */
  readonly nodeId: string;
  readonly version: string;
  /** At most one for each type. */
  readonly runtimes: readonly WorkloadRuntime[];
  readonly store: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  readonly telemetry?: Telemetry;
  readonly resources?: NodeResources;
  /** What workloads may ask of this host. Left out: they are given whatever they ask for. */
  readonly hostPolicy?: HostPolicySource;
  /** Seals the secrets of specs before they are stored. Left out: they are stored as they are. */
  readonly secretSealer?: SecretSealer;
  /** Overrides of `defaultEnginePolicy`. */
  readonly policy?: Partial<EnginePolicy>;
}

/** A node's engine. Make one with `createEngine`. */
export interface Engine {
  readonly api: AgentApi;
  /**
   * Takes ownership of the store, recovers every workload and goes to work. Resolves when the API answers truthfully: every registered
   * runtime was listed or found unreadable.
   * @throws {AgentError} what `StateStore.open` throws. The engine can then not be used any more.
   */
  start(signal: AbortSignal): Promise<void>;
  /** Stops working, leaves the workloads running, and closes the store. May be repeated. */
  stop(): Promise<void>;
  /** Resolves when the engine had to stop by itself, with the reason, such as OWNERSHIP_LOST. */
  readonly failed: Promise<AgentError>;
}
