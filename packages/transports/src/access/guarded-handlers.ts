import { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";
import {
  type AgentHandlers,
  type AgentHandlersOptions,
  openHandlers,
  type StreamHandler,
  type UnaryHandler,
} from "../handlers/agent-handlers.ts";
import type { CallContext } from "../handlers/call-context.ts";
import { CallGuard, type CallGuardOptions } from "./call-guard.ts";
import { isAtLeast, type WorkloadScope } from "./principal.ts";
import { roleTooLow } from "./role-too-low.ts";
import { type AgentRpc, rpcRoles } from "./rpc-roles.ts";
import { scopedApi } from "./scoped-api.ts";
import { recheckEveryMs, whileAllowed } from "./while-allowed.ts";
import { withDenials } from "./with-denials.ts";

/** What guarded handlers need. */
export interface GuardedHandlersOptions extends AgentHandlersOptions, CallGuardOptions {
  /** How often it is found out anew who reads a stream, in milliseconds. Default 10 seconds. */
  readonly recheckMs?: number;
}

/**
 * The methods of the contract over an agent. Each call may do what its caller's role allows, with the workloads that the caller has to do
 * with, and within the caller's limits; everything else is refused with PERMISSION_DENIED or RESOURCE_EXHAUSTED.
 */
export function createAgentHandlers(options: GuardedHandlersOptions): AgentHandlers {
  const { logger, denials, recheckMs = recheckEveryMs } = options;
  const guard = new CallGuard(options);
  const open = openHandlers(options);
  const narrowed = new WeakMap<WorkloadScope, AgentHandlers>();
  const within = (scope: WorkloadScope): AgentHandlers => {
    const known = narrowed.get(scope);
    if (known !== undefined) return known;
    const handlers = openHandlers({ ...options, api: scopedApi(options.api, scope, denials) });
    narrowed.set(scope, handlers);
    return handlers;
  };
  const allowed = (rpc: AgentRpc, call: CallContext): AgentHandlers => {
    const { role, workloads } = call.principal;
    if (!isAtLeast(role, rpcRoles[rpc])) throw roleTooLow(call.principal, rpcRoles[rpc]);
    return workloads === undefined ? open : within(workloads);
  };
  const unary = <I, O>(
    rpc: AgentRpc,
    of: (handlers: AgentHandlers) => UnaryHandler<I, O>,
  ): UnaryHandler<I, O> =>
    guard.unary(rpc, async (request, call) => of(allowed(rpc, call))(request, call));
  const stream = <I, O>(
    rpc: AgentRpc,
    of: (handlers: AgentHandlers) => StreamHandler<I, O>,
  ): StreamHandler<I, O> => {
    const watching = { logger, recheckMs, method: AgentService.method[rpc].name };
    return guard.stream(rpc, (request, call) =>
      whileAllowed(call, watching, (watched) => of(allowed(rpc, watched))(request, watched)),
    );
  };
  return {
    applyWorkload: unary("applyWorkload", (it) => it.applyWorkload),
    deleteWorkload: unary("deleteWorkload", (it) => it.deleteWorkload),
    getWorkloadStatus: unary("getWorkloadStatus", (it) => it.getWorkloadStatus),
    listWorkloads: unary("listWorkloads", (it) => it.listWorkloads),
    healthCheck: unary("healthCheck", (it) => it.healthCheck),
    listActions: unary("listActions", (it) => withDenials(it.listActions, denials)),
    getWorkload: unary("getWorkload", (it) => it.getWorkload),
    watchWorkloads: stream("watchWorkloads", (it) => it.watchWorkloads),
    streamLogs: stream("streamLogs", (it) => it.streamLogs),
    retryWorkload: unary("retryWorkload", (it) => it.retryWorkload),
    explainWorkload: unary("explainWorkload", (it) => it.explainWorkload),
    whoAmI: unary("whoAmI", (it) => it.whoAmI),
  };
}
