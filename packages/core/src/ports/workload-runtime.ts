import type { Demands } from "../domain/demands.ts";
import type { Failure } from "../domain/failure.ts";
import type { Json } from "../domain/json.ts";
import type { Observation } from "../domain/observation.ts";
import type { Parsed } from "../domain/parsed.ts";
import type { RestartPolicy } from "../domain/restart-policy.ts";
import type { SpecDigest } from "../domain/spec-digest.ts";
import type { UsageSnapshot } from "../domain/usage-snapshot.ts";
import type { WorkloadId } from "../domain/workload-id.ts";

/** A revision as a runtime is asked to make it. Constant while the revision is. */
export interface Target {
  readonly id: WorkloadId;
  /** Names this creation of the id; goes into the labels. */
  readonly uid: string;
  readonly revisionId: string;
  readonly specDigest: SpecDigest;
  /** The spec as it was sent; the runtime fills in its own defaults. */
  readonly spec: Json;
  readonly stopGraceMs: number;
}

/** What tells one revision of one workload from all others. */
export type TargetName = Pick<Target, "id" | "uid" | "revisionId" | "specDigest">;

/** What the engine has to know of a spec. */
export interface ParsedSpec {
  /** The spec as sent: validated, without defaults, without empty members. Digested and stored. */
  readonly spec: Json;
  readonly restart: RestartPolicy;
  /** How long a stop may take before it is forced, in milliseconds. */
  readonly stopGraceMs: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Which of the optional parts a runtime has. What is not declared is refused cleanly. */
export interface RuntimeCapabilities {
  readonly events: boolean;
  readonly logs: boolean;
  readonly usage: boolean;
}

/** Whether the runtime answers, and its version or its failure in words. */
export type RuntimeHealth =
  | { readonly healthy: true; readonly version: string }
  | { readonly healthy: false; readonly failure: Failure };

/** A short text that differs whenever an observation would differ in substance; at most 512 characters. */
export type Glance = string;

/** Something may have changed: a hint to look again, never trusted as state. `id` undefined: anything may have. */
export interface RuntimeEvent {
  readonly id: WorkloadId | undefined;
  /** For logs, such as `exited`. */
  readonly what: string;
}

/** How much of the logs is wanted. */
export interface LogOptions {
  /** Stay and deliver what is written from now on, until the signal aborts or the workload is removed. */
  readonly follow: boolean;
  /** Only the last so many lines; undefined: all that is kept. */
  readonly tailLines?: number;
  /** Only what was written at or after this time, Unix milliseconds. */
  readonly sinceMs?: number;
}

/** A piece of output: whole lines where the program wrote whole lines, at most 64 KiB. */
export interface LogChunk {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
  /** When the runtime received it, Unix milliseconds; undefined where the runtime does not know. */
  readonly atMs?: number;
}

/** Receives the progress of a prepare, as a sentence for a person. Calling it often is fine: only the last sentence is shown. */
export type Progress = (sentence: string) => void;

/**
 * Runs one type of workload. Adapters implement it; the engine alone calls it.
 *
 * Every method is idempotent: what is already so is success. The engine makes at most one of prepare, start, replace, retire, restore,
 * stop and remove at a time for one id, may make `observe` and `list` at any time, and may be killed at any moment, after which it calls
 * again from what it observes. Every method that waits gives up promptly with the signal's reason when its signal aborts; what it had
 * begun may then be half done and must be observable as such. Every failure is an AgentError. Nothing is touched that does not carry this
 * node's ownership marks.
 */
export interface WorkloadRuntime {
  /** The type of workload it runs: `process`, `container`, `compose`, `vm`, or a custom runtime's own name. */
  readonly type: string;
  readonly capabilities: RuntimeCapabilities;

  /** The spec in `input` (keys in camelCase), or every rule it breaks, unknown keys included. Pure. */
  parseSpec(input: unknown): Parsed<ParsedSpec>;

  /** `spec` with every secret-bearing value replaced by `<redacted>`. Pure. */
  redactSpec(spec: Json): Json;

  /**
   * All that the spec asks of the host now: what is not stated here is not judged. Links are followed anew each time. Answers
   * without the runtime where it can; what cannot be found out is an error, never left out. `of` names the revision that the spec is one of,
   * where there is one: what a runtime has fetched for a revision stays what it is.
   * @throws {AgentError} INVALID_SPEC, not retryable and the user's, for a spec that it can never take, and LIMIT_EXCEEDED where too many are looked
   *   at: an apply is then refused.
   */
  demands(spec: Json, signal: AbortSignal, of?: TargetName): Promise<Demands>;

  /** Whether the runtime answers. Resolves, also when it does not. */
  probe(signal: AbortSignal): Promise<RuntimeHealth>;

  /**
   * All that this node owns, from one look. The engine compares a glance with that of the observation it keeps.
   * @throws {AgentError} RUNTIME_UNAVAILABLE when the runtime cannot be read; never an incomplete map.
   */
  list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>>;

  /** What exists for `id` now. Absent only when that was positively seen; whatever could not be read is `unreadable`. */
  observe(id: WorkloadId, signal: AbortSignal): Promise<Observation>;

  /** All that can fail or take long and does not disturb what runs. Cancelled at any time; called again it goes on. */
  prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void>;

  /**
   * Brings the target's instance to running from absent, created, exited or paused. An exited instance is run again. Resolves once it was
   * started, not once it is healthy.
   * @throws {AgentError} NOT_PREPARED when what prepare made is gone. With effect `none` when nothing was started.
   */
  start(target: Target, signal: AbortSignal): Promise<void>;

  /**
   * Makes the target the current instance. A current instance of another revision is stopped within the grace and kept, unless one is
   * kept already: then it is removed and the kept one stays. A kept one that is up is stopped. A current instance of the target itself that
   * has drifted is set right, in place or by making it again. Called again in any half-done state it finishes the work.
   */
  replace(target: Target, signal: AbortSignal): Promise<void>;

  /** Removes the kept instance, and all that prepare made for revisions whose digest is not in `keepDigests`. The current one is untouched. */
  retire(id: WorkloadId, keepDigests: readonly SpecDigest[], signal: AbortSignal): Promise<void>;

  /** Makes the kept instance current and running again, and removes the one that took its place. Without a kept one: success. */
  restore(id: WorkloadId, signal: AbortSignal): Promise<void>;

  /** Ends what runs, gracefully within `graceMs`, then by force; keeps it for a later start. */
  stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void>;

  /** Ends and removes every instance of ours under this id, of any revision, half-made ones and kept ones included, with all their data of ours. */
  remove(id: WorkloadId, signal: AbortSignal): Promise<void>;

  /** Hints that something changed. Ends only by its signal or by throwing, after which the engine lists and subscribes again. */
  events?(signal: AbortSignal): AsyncIterable<RuntimeEvent>;

  /** The output of the current instance, in order for each stream. */
  logs?(id: WorkloadId, options: LogOptions, signal: AbortSignal): AsyncIterable<LogChunk>;

  /** What the given workloads use now; those that do not run are left out. */
  usage?(
    ids: readonly WorkloadId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<WorkloadId, UsageSnapshot>>;
}
