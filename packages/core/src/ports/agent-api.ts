import type { Action, ActionStatus, ActionType } from "../domain/action.ts";
import type { Json } from "../domain/json.ts";
import type { InstanceHealth } from "../domain/observation.ts";
import type { StepKind } from "../domain/step.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { DesiredState } from "../domain/workload-record.ts";
import type { ActualState, WorkloadStatus } from "../domain/workload-status.ts";
import type { LogChunk, LogOptions } from "./workload-runtime.ts";
import type { NodeUtilization } from "./node-resources.ts";

/** Who asks, as the transport established it, and the trace it asks in. */
export interface Caller {
  readonly identity: string;
  /** W3C traceparent. */
  readonly traceparent?: string;
}

/** A wish: make this workload be so. */
export interface ApplyRequest {
  readonly id: string;
  /** Key of the runtime. Undefined with an undefined spec: that of the existing workload. */
  readonly type: string | undefined;
  /** Empty: derived from the spec. */
  readonly revisionId: string;
  readonly desired: "running" | "stopped";
  /** Keys in camelCase. Undefined: keep the spec, change only the wanted state. */
  readonly spec: unknown;
  /** Only check; store nothing. */
  readonly validateOnly?: boolean;
  /** Refuse unless this is the current generation; 0: refuse unless the id is new. */
  readonly expectedGeneration?: number;
}

/** What came of an apply. */
export interface ApplyResult {
  readonly applied: boolean;
  /** It was already so: nothing was changed. */
  readonly skipped: boolean;
  readonly message: string;
  readonly status: WorkloadStatus;
}

/** What came of a delete. Deleting an unknown id succeeds, with `existed` false. */
export interface DeleteResult {
  readonly existed: boolean;
  readonly message: string;
  readonly status?: WorkloadStatus;
}

/** What came of a retry. */
export interface RetryResult {
  /** False when there was nothing to retry. */
  readonly accepted: boolean;
  readonly message: string;
  readonly status: WorkloadStatus;
}

/** A workload with its spec, secrets redacted. */
export interface WorkloadView {
  readonly status: WorkloadStatus;
  readonly spec: Json;
  /** The last settled revision, while the wanted one has not settled. */
  readonly fallbackRevisionId?: string;
}

/** Which workloads are meant. Left out: all. */
export interface WorkloadFilter {
  readonly type?: string;
  readonly states?: readonly ActualState[];
  /** Labels that must be present with these values. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Which workloads to watch, and from where. */
export interface WatchOptions extends WorkloadFilter {
  readonly id?: string;
  /** From a bookmark or change of an earlier watch. Unknown or too old: a fresh snapshot, marked as such. */
  readonly resumeToken?: string;
}

/**
 * What a watch delivers: first `snapshot` members and one `synced`, or with a known resume token only what changed since and `synced`;
 * then `changed` and `deleted` in order, and a `bookmark` now and then.
 */
export type WatchEvent =
  | {
      readonly kind: "snapshot" | "changed";
      readonly status: WorkloadStatus;
      readonly resumeToken: string;
    }
  | {
      readonly kind: "deleted";
      readonly id: WorkloadId;
      readonly uid: string;
      readonly resumeToken: string;
    }
  | { readonly kind: "synced"; readonly fresh: boolean; readonly resumeToken: string }
  | { readonly kind: "bookmark"; readonly resumeToken: string };

/** Which entries of the history are wanted. */
export interface ActionFilter {
  readonly workloadId?: string;
  readonly type?: ActionType;
  readonly status?: ActionStatus;
  /** 0: all that are kept. */
  readonly limit: number;
  readonly newestFirst: boolean;
}

/** Why a workload is as it is and what comes next. */
export interface Explanation {
  readonly status: WorkloadStatus;
  readonly wanted: {
    readonly revisionId: string;
    readonly digest: string;
    readonly desired: DesiredState;
  };
  readonly observed: readonly {
    readonly handle: string;
    readonly revisionId: string;
    readonly kept: boolean;
    readonly state: string;
    readonly exit: string;
    readonly health: InstanceHealth;
    /** The last output of its health check; empty where there is none. */
    readonly healthOutput: string;
    readonly facts: Readonly<Record<string, string>>;
  }[];
  /** What stands between wanted and observed, one phrase each; empty when nothing does. */
  readonly differences: readonly string[];
  /** The next step and why. */
  readonly next: { readonly step: StepKind; readonly cause: string; readonly dueAtMs?: number };
  /** What it waits for besides time, such as a place in its runtime's budget; empty when nothing. */
  readonly blockedBy: string;
  /** The last steps taken, newest first, at most 20, since the agent started. */
  readonly history: readonly {
    readonly atMs: number;
    readonly step: StepKind;
    readonly cause: string;
    readonly outcome: string;
  }[];
}

/** How the agent is. */
export interface AgentHealth {
  /**
   * The store and every runtime in use answer: one that has workloads, has answered since the start, or shares its trouble with all others. A
   * runtime that was never there and that nobody asks for does not make a node unwell.
   */
  readonly healthy: boolean;
  /** Why it is not, one phrase each; empty when it is. */
  readonly reasons: readonly string[];
  readonly version: string;
  readonly nodeId: string;
  /** `healthy` or `unhealthy: …` by type of workload. */
  readonly runtimes: Readonly<Record<string, string>>;
  /** What each runtime last said of its version, by type; without those that have not answered since the start. */
  readonly runtimeVersions: Readonly<Record<string, string>>;
  readonly store: string;
  readonly utilization: NodeUtilization;
  readonly workloads: Readonly<Record<ActualState, number>>;
  /** Objects of ours that no record knows of, as `<type>/<id>`, at most 100. They are shown, not touched. */
  readonly orphans: readonly string[];
}

/**
 * What transports, command lines and embedders drive the engine with. Reads come from memory: they call no runtime and write nothing.
 * Writes answer once they are durable.
 */
export interface AgentApi {
  /**
   * Makes the wish durable and wakes the workload.
   * @throws {AgentError} INVALID_SPEC with every violation, paths from the root of the spec, when nothing else is wrong; else
   *   INVALID_REQUEST with every violation, paths from the root of the request; REVISION_CONFLICT, GENERATION_CONFLICT, TYPE_MISMATCH,
   *   POLICY_DENIED, LIMIT_EXCEEDED, NOT_FOUND (a type without a spec, and no such workload), STORE_UNAVAILABLE, RECORD_CORRUPT.
   */
  apply(request: ApplyRequest, caller: Caller): Promise<ApplyResult>;
  /** Makes the end of a workload durable and wakes it. @throws {AgentError} INVALID_REQUEST, STORE_UNAVAILABLE. */
  remove(id: string, caller: Caller): Promise<DeleteResult>;
  /** Ends a back-off or a giving-up now. @throws {AgentError} NOT_FOUND, INVALID_REQUEST, STORE_UNAVAILABLE. */
  retry(id: string, caller: Caller): Promise<RetryResult>;
  /** @throws {AgentError} NOT_FOUND, INVALID_REQUEST. */
  status(id: string): WorkloadStatus;
  /** @throws {AgentError} NOT_FOUND, INVALID_REQUEST. */
  get(id: string): WorkloadView;
  /** In order of id. */
  list(filter: WorkloadFilter): readonly WorkloadStatus[];
  /** Ends by its signal. @throws {AgentError} LIMIT_EXCEEDED to a reader that does not keep up; INVALID_REQUEST; NOT_FOUND never. */
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** @throws {AgentError} NOT_FOUND, INVALID_REQUEST, UNSUPPORTED when the runtime has no logs. */
  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogChunk>;
  /** The history, oldest first unless asked otherwise. */
  actions(filter: ActionFilter): readonly Action[];
  /** @throws {AgentError} NOT_FOUND, INVALID_REQUEST. */
  explain(id: string): Explanation;
  health(): AgentHealth;
}
