import { Code } from "@connectrpc/connect";
import type { ErrorCode } from "@persys/core";

/** The code of gRPC and Connect for each code of the agent. */
export const rpcCodes: Readonly<Record<ErrorCode, Code>> = {
  INVALID_REQUEST: Code.InvalidArgument,
  NOT_FOUND: Code.NotFound,
  REVISION_CONFLICT: Code.Aborted,
  GENERATION_CONFLICT: Code.Aborted,
  TYPE_MISMATCH: Code.FailedPrecondition,
  LIMIT_EXCEEDED: Code.ResourceExhausted,
  UNSUPPORTED: Code.Unimplemented,
  CANCELLED: Code.Canceled,

  INVALID_SPEC: Code.InvalidArgument,
  POLICY_DENIED: Code.FailedPrecondition,
  COMMAND_NOT_FOUND: Code.FailedPrecondition,
  PERMISSION_DENIED: Code.PermissionDenied,
  INSUFFICIENT_RESOURCES: Code.ResourceExhausted,
  STORAGE_ERROR: Code.Internal,
  NETWORK_ERROR: Code.Unavailable,
  PORT_CONFLICT: Code.FailedPrecondition,
  NAME_CONFLICT: Code.FailedPrecondition,
  // Never NOT_FOUND: that is said of workloads alone, and clients act on it.
  IMAGE_NOT_FOUND: Code.FailedPrecondition,
  IMAGE_PULL_FAILED: Code.Unavailable,
  REGISTRY_UNAUTHORIZED: Code.FailedPrecondition,
  SECRET_UNAVAILABLE: Code.FailedPrecondition,
  VM_BOOT_FAILED: Code.Internal,
  NOT_PREPARED: Code.FailedPrecondition,
  RUNTIME_ERROR: Code.Internal,
  RUNTIME_UNAVAILABLE: Code.Unavailable,
  RUNTIME_NOT_REGISTERED: Code.FailedPrecondition,
  // The runtime's deadline, not the caller's.
  TIMEOUT: Code.Unavailable,

  STORE_UNAVAILABLE: Code.Unavailable,
  STORE_FULL: Code.ResourceExhausted,
  RECORD_CORRUPT: Code.DataLoss,
  OWNED_BY_OTHER: Code.Unavailable,
  OWNERSHIP_LOST: Code.Unavailable,
  INTERNAL: Code.Internal,
};
