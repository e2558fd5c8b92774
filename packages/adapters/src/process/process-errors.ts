import { AgentError, type AgentErrorOptions, type ErrorCode } from "@persys/core";

/** The errno name of a failed system call, such as `ENOENT`; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether a system call failed because what it named is not there. */
export function isGone(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOENT" || errno === "ESRCH";
}

const codeOfErrno: Readonly<Record<string, ErrorCode>> = {
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
  EROFS: "STORAGE_ERROR",
  ENOSPC: "STORAGE_ERROR",
  EDQUOT: "STORAGE_ERROR",
  EIO: "STORAGE_ERROR",
  E2BIG: "INVALID_SPEC",
  EAGAIN: "INSUFFICIENT_RESOURCES",
  EMFILE: "INSUFFICIENT_RESOURCES",
  ENFILE: "INSUFFICIENT_RESOURCES",
  ENOMEM: "INSUFFICIENT_RESOURCES",
};

/**
 * A caught system error as an AgentError, by its errno; an AgentError is passed on. `doing` completes the sentence "could not …". Retryable,
 * for what fails on this host now may work once the host is well again; but for arguments that are too long.
 */
export function processError(
  error: unknown,
  doing: string,
  options: Pick<AgentErrorOptions, "effect"> = {},
): AgentError {
  if (AgentError.is(error)) return error;
  const errno = errnoOf(error);
  const code = errno === undefined ? "RUNTIME_ERROR" : (codeOfErrno[errno] ?? "RUNTIME_ERROR");
  const why = errno ?? (error instanceof Error ? error.message : String(error));
  return new AgentError(code, `could not ${doing}: ${why}`, {
    ...options,
    cause: error,
    retryable: code !== "INVALID_SPEC",
    details: errno === undefined ? {} : { errno },
  });
}

/** The folder of all instances is missing: nothing can be said about any of them. */
export function rootMissing(root: string, cause: unknown): AgentError {
  return new AgentError(
    "RUNTIME_UNAVAILABLE",
    `the folder of the process runtime cannot be read: ${root}`,
    {
      cause,
      retryable: true,
      details: { root },
    },
  );
}

/** An error that a person mends by another spec or by changing the host; nothing was started. */
export function refusal(code: ErrorCode, message: string, field: string): AgentError {
  return new AgentError(code, message, { fault: "user", effect: "none", details: { field } });
}
