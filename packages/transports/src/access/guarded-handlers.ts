import { Code } from "@connectrpc/connect";
import {
  type AgentHandlers,
  type AgentHandlersOptions,
  openHandlers,
} from "../handlers/agent-handlers.ts";
import type { CallContext } from "../handlers/call-context.ts";
import { errorInfo } from "../mapping/error-status.ts";
import { RpcError } from "../mapping/rpc-status.ts";
import { isAtLeast, type WorkloadScope } from "./principal.ts";
import { type AgentRpc, rpcRoles } from "./rpc-roles.ts";
import { scopedApi } from "./scoped-api.ts";
import { recheckEveryMs, whileAllowed } from "./while-allowed.ts";

/** What guarded handlers need. */
export interface GuardedHandlersOptions extends AgentHandlersOptions {
  /** How often it is found out anew who reads a stream, in milliseconds. Default 10 seconds. */
  readonly recheckMs?: number;
}

/**
 * The methods of the contract over an agent. Each call may do what its caller's role allows, with the workloads that the caller has to do
 * with; everything else is refused with PERMISSION_DENIED.
 */
export function createAgentHandlers(options: GuardedHandlersOptions): AgentHandlers {
  const { logger, recheckMs = recheckEveryMs } = options;
  const watching = { logger, recheckMs };
  const open = openHandlers(options);
  const narrowed = new WeakMap<WorkloadScope, AgentHandlers>();
  const within = (scope: WorkloadScope): AgentHandlers => {
    const known = narrowed.get(scope);
    if (known !== undefined) return known;
    const handlers = openHandlers({ ...options, api: scopedApi(options.api, scope) });
    narrowed.set(scope, handlers);
    return handlers;
  };
  const allowed = (rpc: AgentRpc, call: CallContext): AgentHandlers => {
    const { identity, role, workloads } = call.principal;
    const needed = rpcRoles[rpc];
    if (!isAtLeast(role, needed)) {
      logger.warn("call refused: the caller's role is too low", {
        rpc,
        identity,
        role,
        needed,
      });
      throw roleTooLow(rpc, call);
    }
    return workloads === undefined ? open : within(workloads);
  };
  return {
    applyWorkload: async (it, call) => allowed("applyWorkload", call).applyWorkload(it, call),
    deleteWorkload: async (it, call) => allowed("deleteWorkload", call).deleteWorkload(it, call),
    getWorkloadStatus: async (it, call) =>
      allowed("getWorkloadStatus", call).getWorkloadStatus(it, call),
    listWorkloads: async (it, call) => allowed("listWorkloads", call).listWorkloads(it, call),
    healthCheck: async (it, call) => allowed("healthCheck", call).healthCheck(it, call),
    listActions: async (it, call) => allowed("listActions", call).listActions(it, call),
    getWorkload: async (it, call) => allowed("getWorkload", call).getWorkload(it, call),
    watchWorkloads: (it, call) =>
      whileAllowed(call, { ...watching, method: "WatchWorkloads" }, (watched) =>
        allowed("watchWorkloads", watched).watchWorkloads(it, watched),
      ),
    streamLogs: (it, call) =>
      whileAllowed(call, { ...watching, method: "StreamLogs" }, (watched) =>
        allowed("streamLogs", watched).streamLogs(it, watched),
      ),
    retryWorkload: async (it, call) => allowed("retryWorkload", call).retryWorkload(it, call),
    explainWorkload: async (it, call) => allowed("explainWorkload", call).explainWorkload(it, call),
    whoAmI: async (it, call) => allowed("whoAmI", call).whoAmI(it, call),
  };
}

function roleTooLow(rpc: AgentRpc, { principal }: CallContext): RpcError {
  const { identity, role } = principal;
  const needed = rpcRoles[rpc];
  return new RpcError({
    code: Code.PermissionDenied,
    message: `${identity} is ${role} here, and this needs ${needed}; whoever runs this agent can give that role`,
    details: [errorInfo("ROLE_TOO_LOW", { identity, role, needed })],
  });
}
