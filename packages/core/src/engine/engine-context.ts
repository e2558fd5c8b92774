import type { Failure } from "../domain/failure.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { UsageSnapshot } from "../domain/usage-snapshot.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { ActionLog } from "./action-log.ts";
import type { HostJudge } from "./host-judge.ts";
import type { EnginePolicy } from "./engine-policy.ts";
import type { WriterContext } from "./record-writer.ts";
import type { RuntimeGate } from "./runtime-gate.ts";
import type { SpecSecrets } from "./spec-secrets.ts";

/** What every lane stands on. */
export interface EngineContext {
  /** Of this ownership of the store. */
  readonly epoch: number;
  readonly policy: EnginePolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly actionLog: ActionLog;
  readonly writer: WriterContext;
  readonly secrets: SpecSecrets;
  /** Undefined: whatever is asked of the host is given. */
  readonly hostJudge: HostJudge | undefined;
  /** Aborts when the engine stops. */
  readonly signal: AbortSignal;
  /** The way to the runtime of a type, if one is registered. */
  readonly gate: (type: string) => RuntimeGate | undefined;
  /** Why nothing can be said of what a runtime holds; undefined while it answers. */
  readonly runtimeFailure: (type: string) => Failure | undefined;
  /** What a workload used when it was last measured; undefined when it was not. */
  readonly usageOf: (record: WorkloadRecord) => UsageSnapshot | undefined;
  /** A call could not reach the runtime: check on it now. */
  readonly onRuntimeSuspect: (type: string) => void;
  /** A record was committed, or forgotten when `record` is undefined. */
  readonly onCommitted: (
    id: WorkloadId,
    record: WorkloadRecord | undefined,
    before: WorkloadRecord | undefined,
  ) => void;
  /** A lane has come to rest without a record. */
  readonly onLaneEmpty: (id: WorkloadId) => void;
  /** A status changed without a commit. */
  readonly onStatusChanged: (id: WorkloadId) => void;
}
