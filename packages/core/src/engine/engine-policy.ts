/** The numbers that steer the engine. Durations in milliseconds. */
export interface EnginePolicy {
  /** How long an instance without a health check has to be up to count as settled, and any instance for its back-off to be forgotten. */
  readonly settleAfterMs: number;
  /** Failed tries of a new revision after which the last settled one is restored. */
  readonly restoreAfterAttempts: number;
  /** `restore`: a new revision that does not settle gives way to the last settled one. `keep-trying`: it never does. */
  readonly updatePolicy: "restore" | "keep-trying";
  /** First and longest delay of the doubling back-off. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** What a request with a known revision id and another spec gets: an error, or an answer that nothing was done. */
  readonly revisionConflict: "reject" | "ignore";
  /** Every runtime is listed this often, whatever its events say. 0: never. */
  readonly resyncIntervalMs: number;
  /** Whether runtimes' events are listened to. */
  readonly eventsEnabled: boolean;
  /** An event stream that says nothing for this long is opened anew and the runtime listed. */
  readonly eventIdleMs: number;
  /** What runs is measured this often. 0: never. */
  readonly usageIntervalMs: number;
  /** Runtime steps at a time for each runtime. */
  readonly stepsAtOnce: number;
  /** Prepares at a time for each runtime. */
  readonly preparesAtOnce: number;
  /** Observations at a time for each runtime. */
  readonly observesAtOnce: number;
  /** Deadlines of runtime calls. A stop has the grace of its workload besides. */
  readonly observeTimeoutMs: number;
  readonly listTimeoutMs: number;
  readonly prepareTimeoutMs: number;
  readonly stepTimeoutMs: number;
  /** How long a commit may take before its outcome counts as not known and the request is answered so. */
  readonly commitTimeoutMs: number;
  /** How long a call that was aborted may take to return before its place in the budget is given away. */
  readonly abortGraceMs: number;
  /** Most workloads on this node. */
  readonly workloadsMax: number;
  /** Bounds of the history: entries, and age. */
  readonly actionsMax: number;
  readonly actionsMaxAgeMs: number;
  /** Changes that a watcher may be behind before it is disconnected, and that are kept for resuming. */
  readonly watchBufferMax: number;
  /** Watchers at a time. */
  readonly watchersMax: number;
  /** Largest spec, in bytes of canonical JSON. */
  readonly specBytesMax: number;
}

/** The defaults, each documented in docs/operations.md. */
export const defaultEnginePolicy: EnginePolicy = {
  settleAfterMs: 10_000,
  restoreAfterAttempts: 3,
  updatePolicy: "restore",
  backoffBaseMs: 1_000,
  backoffMaxMs: 300_000,
  revisionConflict: "reject",
  resyncIntervalMs: 30_000,
  eventsEnabled: true,
  eventIdleMs: 300_000,
  usageIntervalMs: 60_000,
  stepsAtOnce: 16,
  preparesAtOnce: 4,
  observesAtOnce: 32,
  observeTimeoutMs: 30_000,
  listTimeoutMs: 60_000,
  prepareTimeoutMs: 900_000,
  stepTimeoutMs: 120_000,
  commitTimeoutMs: 10_000,
  abortGraceMs: 5_000,
  workloadsMax: 20_000,
  actionsMax: 5_000,
  actionsMaxAgeMs: 7 * 24 * 3_600_000,
  watchBufferMax: 4_096,
  watchersMax: 256,
  specBytesMax: 1_048_576,
};
