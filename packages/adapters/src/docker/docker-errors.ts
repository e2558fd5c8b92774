import { AgentError, type AgentErrorOptions, type ErrorCode } from "@persys/core";

/** Errno of calls that never reached the engine: nothing can have been changed. */
const unreachedErrnos: ReadonlySet<string> = new Set([
  "EACCES",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "EPERM",
]);

/** Longest piece of the engine's own words in a message, in characters. */
const wordsCharsMax = 500;

/**
 * A failed call of the Docker Engine as an AgentError, by its HTTP status or errno; an AgentError is passed on. `doing` completes the
 * sentence "could not …". No answer, or one of a proxy in the way, is RUNTIME_UNAVAILABLE; 400 says that the request itself is wrong; all
 * other answers may be different next time. What was refused (400 to 499) has no effect. The status is in `details.status`.
 */
export function dockerError(
  error: unknown,
  doing: string,
  options: Pick<AgentErrorOptions, "effect"> = {},
): AgentError {
  if (AgentError.is(error)) return error;
  const status = httpStatusOf(error);
  if (status === undefined)
    return errnoOf(error) === undefined
      ? unexpectedError(error, doing)
      : unansweredError(error, doing);
  const code = codeOfStatus(status);
  return new AgentError(code, `could not ${doing}: ${wordsOf(error)}`, {
    ...(status < 500 ? { effect: "none" } : {}),
    ...options,
    fault: code === "INVALID_SPEC" ? "user" : "system",
    retryable: code !== "INVALID_SPEC",
    cause: error,
    details: { status },
  });
}

/** The HTTP status with which the engine answered, of an error or of the AgentError made from it; undefined when it did not answer. */
export function httpStatusOf(error: unknown): number | undefined {
  if (AgentError.is(error)) {
    const { status } = error.details;
    return typeof status === "number" ? status : undefined;
  }
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** Whether the engine answered that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return httpStatusOf(error) === 404;
}

/** Whether the engine answered that something is in the way: a name in use, a container in the wrong state. */
export function isConflict(error: unknown): boolean {
  return httpStatusOf(error) === 409;
}

/** The errno name of a failed system call; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 400) return "INVALID_SPEC";
  if (status === 401 || status === 403) return "PERMISSION_DENIED";
  // 502 to 504 come from whatever stands between; the engine itself says 503 while it cannot serve.
  return status > 501 ? "RUNTIME_UNAVAILABLE" : "RUNTIME_ERROR";
}

/** Neither an answer nor the want of one: an answer that cannot be understood, or a fault of the program. */
function unexpectedError(error: unknown, doing: string): AgentError {
  const why = error instanceof Error ? error.message : String(error);
  return new AgentError("RUNTIME_ERROR", `could not ${doing}: ${shortened(why)}`, {
    retryable: true,
    cause: error,
  });
}

function unansweredError(error: unknown, doing: string): AgentError {
  const errno = errnoOf(error) ?? "";
  const isRefused = errno === "EACCES" || errno === "EPERM";
  const why = isRefused
    ? `${errno}: this user may not use the engine's socket; add it to the group of the socket, or run as root`
    : errno;
  return new AgentError("RUNTIME_UNAVAILABLE", `could not ${doing}: no answer (${why})`, {
    retryable: true,
    effect: unreachedErrnos.has(errno) ? "none" : "unknown",
    cause: error,
    details: { errno },
  });
}

/** What the engine said, for a person: nothing is decided by it. */
function wordsOf(error: unknown): string {
  const said =
    error instanceof Error && "json" in error && hasMessage(error.json)
      ? error.json.message
      : error instanceof Error
        ? error.message
        : String(error);
  return shortened(said.trim());
}

function shortened(words: string): string {
  return words.length <= wordsCharsMax ? words : `${words.slice(0, wordsCharsMax - 1)}…`;
}

function hasMessage(value: unknown): value is { readonly message: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "message" in value &&
    typeof value.message === "string"
  );
}
