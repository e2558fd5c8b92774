import type { WorkloadId } from "./workload-id.ts";

/** How far the work for a request has come. `failed` also covers work that a later request replaced. */
export const actionStatuses = ["pending", "running", "completed", "failed"] as const;

/** One of {@link actionStatuses}. */
export type ActionStatus = (typeof actionStatuses)[number];

/** What was asked for. */
export const actionTypes = ["apply_workload", "delete_workload", "retry_workload"] as const;

/** One of {@link actionTypes}. */
export type ActionType = (typeof actionTypes)[number];

/** One entry of the node's history: who asked for what, and what came of it. Durable and bounded by count and age. */
export interface Action {
  /** Position in the history; grows for ever. */
  readonly seq: number;
  /** `apply-<id>-<unix nanoseconds>`, `delete-…`, `retry-…`. */
  readonly taskId: string;
  readonly workloadId: WorkloadId;
  readonly type: ActionType;
  readonly status: ActionStatus;
  /** The generation and revision the request made. */
  readonly generation: number;
  readonly revisionId: string;
  /** Why it failed; empty otherwise. */
  readonly error: string;
  /** The caller's identity, as the transport established it. */
  readonly caller: string;
  readonly traceparent?: string;
  readonly createdAtMs: number;
  /** 0 until the first step. */
  readonly startedAtMs: number;
  /** 0 until it has ended. */
  readonly endedAtMs: number;
}
