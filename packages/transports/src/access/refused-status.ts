import { Code } from "@connectrpc/connect";
import type { Logger } from "@persys/core";
import { errorInfo } from "../mapping/error-status.ts";
import type { RpcStatus } from "../mapping/rpc-status.ts";
import type { Authentication } from "./authenticate.ts";

/** A caller that is not let in. */
type Refused = Exclude<Authentication, { readonly kind: "known" }>;

/** Why a caller is not let in, in a word and in words for the caller. */
export function refusalOf(caller: Exclude<Refused, { readonly kind: "too-many" }>): {
  readonly reason: "UNAUTHENTICATED" | "NO_ROLE";
  readonly message: string;
} {
  if (caller.kind === "unknown") return { reason: "UNAUTHENTICATED", message: caller.because };
  const { identity, names } = caller;
  const rule = names.join(" or ");
  const message = `${identity} has no role here; whoever runs this agent can give it one (PERSYS_ADMIN_IDENTITIES, or a rule of the access file for ${rule})`;
  return { reason: "NO_ROLE", message };
}

/** What a caller is told who is nobody, or has no role. */
export function refusedStatus(
  caller: Refused,
  { method, logger }: { readonly method: string; readonly logger: Logger },
): RpcStatus {
  if (caller.kind === "too-many") return caller.status;
  const { reason, message } = refusalOf(caller);
  logger.debug("call refused", { method, reason, message });
  return caller.kind === "unknown"
    ? { code: Code.Unauthenticated, message, details: [errorInfo(reason)] }
    : {
        code: Code.PermissionDenied,
        message,
        details: [errorInfo(reason, { identity: caller.identity })],
      };
}
