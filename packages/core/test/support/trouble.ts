import { AgentError, type ErrorCode } from "@persys/core";

/** An error of a runtime that time may cure. */
export function transient(code: ErrorCode = "RUNTIME_ERROR"): AgentError {
  return new AgentError(code, `${code} on purpose`, { retryable: true, effect: "none" });
}

/** An error of a runtime that only another request can cure. */
export function permanent(code: ErrorCode = "INVALID_SPEC"): AgentError {
  return new AgentError(code, `${code} on purpose`, { fault: "user", effect: "none" });
}
