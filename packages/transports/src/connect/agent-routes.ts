import { type ConnectRouter, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import type { Logger } from "@persys/core";
import { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";
import type { AgentHandlers, StreamHandler, UnaryHandler } from "../handlers/agent-handlers.ts";
import type { CallContext } from "../handlers/call-context.ts";
import { toThrow } from "./connect-error-of.ts";

/** What the routes need. */
export interface RouteOptions {
  readonly handlers: AgentHandlers;
  /** Told of every call that ended, at debug. */
  readonly logger: Logger;
  /** What is known of a call. */
  readonly contextOf: (context: HandlerContext) => CallContext;
}

/** Puts the agent's methods on a router. */
export function routeAgent(router: ConnectRouter, options: RouteOptions): void {
  const { handlers, contextOf } = options;
  const unary =
    <I, O>(handle: UnaryHandler<I, O>) =>
    async (request: I, context: HandlerContext): Promise<O> => {
      const call = contextOf(context);
      const ended = begin(options.logger, context, call);
      try {
        const response = await handle(request, call);
        ended();
        return response;
      } catch (error) {
        throw ended(toThrow(error));
      }
    };
  const stream = <I, O>(handle: StreamHandler<I, O>) =>
    async function* streamed(request: I, context: HandlerContext): AsyncGenerator<O> {
      const call = contextOf(context);
      const ended = begin(options.logger, context, call);
      try {
        yield* handle(request, call);
        ended();
      } catch (error) {
        throw ended(toThrow(error));
      }
    };
  router.service(AgentService, {
    applyWorkload: unary(handlers.applyWorkload),
    deleteWorkload: unary(handlers.deleteWorkload),
    getWorkloadStatus: unary(handlers.getWorkloadStatus),
    listWorkloads: unary(handlers.listWorkloads),
    healthCheck: unary(handlers.healthCheck),
    listActions: unary(handlers.listActions),
    getWorkload: unary(handlers.getWorkload),
    watchWorkloads: stream(handlers.watchWorkloads),
    streamLogs: stream(handlers.streamLogs),
    retryWorkload: unary(handlers.retryWorkload),
    explainWorkload: unary(handlers.explainWorkload),
    whoAmI: unary(handlers.whoAmI),
  });
}

/** Notes the beginning of a call. The function returned notes its end, and gives back the error it ended with. */
function begin(
  logger: Logger,
  { method, protocolName }: HandlerContext,
  { caller }: CallContext,
): (error?: unknown) => unknown {
  const startedAtMs = performance.now();
  return (error) => {
    logger.debug("call ended", {
      method: method.name,
      protocol: protocolName,
      identity: caller.identity,
      code: error === undefined ? "ok" : codeToString(ConnectError.from(error).code),
      durationMs: Math.round((performance.now() - startedAtMs) * 1000) / 1000,
    });
    return error;
  };
}
