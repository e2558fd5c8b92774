import type { Failure } from "./failure.ts";
import type { InstanceHealth } from "./observation.ts";
import type { WorkloadId } from "./workload-id.ts";
import type { UsageSnapshot } from "./usage-snapshot.ts";
import type { DesiredState } from "./workload-record.ts";

/** The state a client sees, derived from the record. */
export const actualStates = ["pending", "running", "stopped", "failed", "unknown"] as const;

/** One of {@link actualStates}. */
export type ActualState = (typeof actualStates)[number];

/** A failure with what is known of its next try. */
export interface StatusFailure extends Failure {
  /** When the next try is due, Unix milliseconds; undefined when none is. */
  readonly nextRetryAtMs?: number;
  /** Failed tries since the last success that counts. */
  readonly attempts: number;
}

/** What a client is told of a workload. */
export interface WorkloadStatus {
  readonly id: WorkloadId;
  readonly type: string;
  readonly uid: string;
  /** The wanted revision. */
  readonly revisionId: string;
  /** The revision of the current instance; empty when there is none. */
  readonly observedRevisionId: string;
  readonly desired: DesiredState;
  readonly actual: ActualState;
  /** One sentence for a person. */
  readonly message: string;
  readonly failure?: StatusFailure;
  readonly generation: number;
  readonly observedSequence: readonly [epoch: number, counter: number];
  readonly health: InstanceHealth;
  /** Unexpected ends since the last apply, retry or change of the wanted state. */
  readonly restarts: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Facts of the current instance, of the last request and of the retry, flat: `process.pid`, `task_id`, `next_retry_time`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The last measurement of this run; undefined before the first, and while it does not run. */
  readonly usage?: UsageSnapshot;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly transitionAtMs: number;
  /** When the state was last confirmed by a look at the runtime; 0 before the first. */
  readonly observedAtMs: number;
}
