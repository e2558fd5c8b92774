import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  RetryInfoSchema,
} from "@persys/transports/gen/error-details";

/** One rule that a request broke. */
export interface ExplainedViolation {
  /** Where, such as `spec.process.command[0]`; empty where it is about the request as a whole. */
  readonly field: string;
  /** The rule as a sentence. */
  readonly description: string;
}

/** What is known of a failed call. */
export interface ExplainedError {
  /** The code of the contract by its name in the protocol: `not_found`, `invalid_argument`, `unavailable`, … */
  readonly code: string;
  /** The sentence without the code before it. */
  readonly message: string;
  /** The agent's own code, such as `REVISION_CONFLICT`; empty where the answer names none. */
  readonly reason: string;
  /** Flat facts that go with the reason, such as the numbers behind a refusal. */
  readonly facts: Readonly<Record<string, string>>;
  /** Every rule that the request or the policy of the node found broken. */
  readonly violations: readonly ExplainedViolation[];
  /** How long the agent asks to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /**
   * Why there was no answer, as the system names it (`ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`, …), or `FETCH_FAILED` where a browser does
   * not say. Undefined: the agent, or something in its place, has answered, or the call was given up on this side.
   */
  readonly connection: string | undefined;
}

/**
 * Whatever a call threw, in one shape. Values that are no errors of a call come back with the code `unknown`, or `canceled` where the call was
 * aborted.
 */
export function explainError(error: unknown): ExplainedError {
  const failed = ConnectError.from(error);
  const info = failed.findDetails(ErrorInfoSchema)[0];
  return {
    code: codeName(failed.code),
    message: failed.rawMessage,
    reason: info?.reason ?? "",
    facts: { ...info?.metadata },
    violations: violationsOf(failed),
    retryAfterMs: retryAfterMs(failed),
    connection: connectionFailure(error),
  };
}

/** Whether `error` was thrown by a call rather than by something else that went wrong around it. */
export function isCallError(error: unknown): boolean {
  return error instanceof ConnectError;
}

/** Whether a call failed because there is no such workload. */
export function isNotFound(error: unknown): boolean {
  return ConnectError.from(error).code === Code.NotFound;
}

/** Whether the same call may succeed later, unchanged: the agent was not reached, was cut off, or says so. */
export function isTransient(error: unknown): boolean {
  if (connectionFailure(error) !== undefined) return true;
  switch (ConnectError.from(error).code) {
    case Code.Unavailable:
    case Code.ResourceExhausted:
    case Code.DeadlineExceeded:
      return true;
    default:
      return false;
  }
}

/** `not_found` for NotFound: the spelling of the Connect protocol. */
function codeName(code: Code): string {
  return Code[code].replace(/[a-z](?=[A-Z])/g, "$&_").toLowerCase();
}

function violationsOf(error: ConnectError): readonly ExplainedViolation[] {
  const fields = error
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) => fieldViolations)
    .map(({ field, description }) => ({ field, description }));
  const denials = error
    .findDetails(PreconditionFailureSchema)
    .flatMap(({ violations }) => violations)
    .map(({ subject, description }) => ({ field: subject, description }));
  return [...fields, ...denials];
}

function retryAfterMs(error: ConnectError): number | undefined {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  if (delay === undefined) return undefined;
  return Number(delay.seconds) * 1000 + Math.ceil(delay.nanos / 1_000_000);
}

/** What the system or OpenSSL call a failure of a connection, as Node has it in `code`. */
const systemCode = /^(?:E[A-Z]|HPE_|UND_ERR|CERT_|DEPTH_|UNABLE_|SELF_)/;

/** The system's name for what went wrong below the protocol, found along the causes. At most ten are followed: a chain may be a ring. */
function connectionFailure(error: unknown): string | undefined {
  let cause = error;
  let fetchFailed = false;
  for (let depth = 0; depth < 10 && cause instanceof Error; depth += 1) {
    if ("code" in cause && typeof cause.code === "string" && systemCode.test(cause.code)) {
      return cause.code;
    }
    // All that a browser's fetch says of a connection that could not be made.
    fetchFailed ||= cause instanceof TypeError && depth > 0;
    cause = cause.cause;
  }
  return fetchFailed ? "FETCH_FAILED" : undefined;
}
