import { Code } from "@connectrpc/connect";
import type { Logger } from "@persys/core";
import { errorInfo } from "../mapping/error-status.ts";
import type { RpcStatus } from "../mapping/rpc-status.ts";
import type { Authentication } from "./authenticate.ts";

/** What a caller is told who is nobody, or has no role. It is logged. */
export function refusedStatus(
  caller: Exclude<Authentication, { readonly kind: "known" }>,
  { method, logger }: { readonly method: string; readonly logger: Logger },
): RpcStatus {
  if (caller.kind === "unknown") {
    const { because } = caller;
    logger.debug("call refused: nobody we know", { method, because });
    const details = [errorInfo("UNAUTHENTICATED")];
    return { code: Code.Unauthenticated, message: because, details };
  }
  const { identity, names } = caller;
  logger.warn("call refused: the caller has no role here", { method, identity, names });
  const rule = names.join(" or ");
  return {
    code: Code.PermissionDenied,
    message: `${identity} has no role here; whoever runs this agent can give it one (PERSYS_ADMIN_IDENTITIES, or a rule of the access file for ${rule})`,
    details: [errorInfo("NO_ROLE", { identity })],
  };
}
