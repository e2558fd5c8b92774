/**
 * Every code an AgentError can carry. The list is closed: transports map it exhaustively, and a decision is never made by message text.
 *
 * The first group says what was wrong with a request, the second what kept a workload from being as wanted (these also appear as the
 * reason of a failure in a status), the third what happened to the agent itself.
 */
export const errorCodes = [
  "INVALID_REQUEST",
  "NOT_FOUND",
  "REVISION_CONFLICT",
  "GENERATION_CONFLICT",
  "TYPE_MISMATCH",
  "LIMIT_EXCEEDED",
  "UNSUPPORTED",
  "CANCELLED",

  "INVALID_SPEC",
  "POLICY_DENIED",
  "COMMAND_NOT_FOUND",
  "PERMISSION_DENIED",
  "INSUFFICIENT_RESOURCES",
  "STORAGE_ERROR",
  "NETWORK_ERROR",
  "PORT_CONFLICT",
  "NAME_CONFLICT",
  "IMAGE_NOT_FOUND",
  "IMAGE_PULL_FAILED",
  "REGISTRY_UNAUTHORIZED",
  "SECRET_UNAVAILABLE",
  "VM_BOOT_FAILED",
  "NOT_PREPARED",
  "RUNTIME_ERROR",
  "RUNTIME_UNAVAILABLE",
  "RUNTIME_NOT_REGISTERED",
  "TIMEOUT",

  "STORE_UNAVAILABLE",
  "STORE_FULL",
  "RECORD_CORRUPT",
  "OWNED_BY_OTHER",
  "OWNERSHIP_LOST",
  "INTERNAL",
] as const;

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number];
