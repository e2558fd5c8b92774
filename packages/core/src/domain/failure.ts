import type { AgentError } from "../errors/agent-error.ts";
import type { ErrorCode } from "../errors/error-code.ts";

/** Reasons that come from looking at an instance rather than from a call that failed. */
export const observedFailureReasons = [
  "EXITED",
  "EXIT_UNKNOWN",
  "OOM_KILLED",
  "DISAPPEARED",
  "UNHEALTHY",
  "NOT_SETTLED",
  "RESTARTS_EXHAUSTED",
] as const;

/** Why a workload is not as wanted: a closed list. */
export type FailureReason = ErrorCode | (typeof observedFailureReasons)[number];

/** A failure as the record keeps it and the status shows it. Plain data. */
export interface Failure {
  readonly reason: FailureReason;
  /** One sentence for a person. */
  readonly message: string;
  /** Whether the engine tries again by itself. */
  readonly retryable: boolean;
  /** When it was seen, Unix milliseconds. */
  readonly atMs: number;
}

/** A call's error as a failure. */
export function failureOf(error: AgentError, atMs: number): Failure {
  return { reason: error.code, message: error.message, retryable: error.retryable, atMs };
}
