import { Code } from "@connectrpc/connect";
import { errorInfo } from "../mapping/error-status.ts";
import { RpcError } from "../mapping/rpc-status.ts";
import type { Principal, Role } from "./principal.ts";

/** What a caller is told whose role is too low; `of` says which workloads the needed one has to be for, where that counts. */
export function roleTooLow({ identity, role }: Principal, needed: Role, of = ""): RpcError {
  return new RpcError({
    code: Code.PermissionDenied,
    message: `${identity} is ${role} here, and this needs ${needed}${of}; whoever runs this agent can give that role`,
    details: [errorInfo("ROLE_TOO_LOW", { identity, role, needed })],
  });
}
