import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { AgentError, type ErrorCode, type Logger } from "@persys/core";
import { type CallSubject, errorInfo, errorStatus } from "../mapping/error-status.ts";
import { RpcError, type RpcStatus } from "../mapping/rpc-status.ts";
import { subjectOf } from "../mapping/call-subject.ts";
import type { CallContext } from "./call-context.ts";
import { untilAborted } from "./until-aborted.ts";

/** Wraps methods so that whatever they throw leaves as an {@link RpcError}, or as the reason of a call that was given up. */
export interface ErrorBorder {
  readonly unary: <S extends DescMessage, O>(
    schema: S,
    method: (request: MessageShape<S>, call: CallContext) => O | Promise<O>,
  ) => (request: MessageShape<S>, call: CallContext) => Promise<O>;
  /** The method's signal also aborts when the agent stops; the stream then ends with UNAVAILABLE. */
  readonly stream: <S extends DescMessage, O>(
    schema: S,
    method: (request: MessageShape<S>, call: CallContext, signal: AbortSignal) => AsyncIterable<O>,
  ) => (request: MessageShape<S>, call: CallContext) => AsyncIterable<O>;
}

/** What a stream that the agent's stop has cut off ends with. */
export const stoppingStatus: RpcStatus = {
  code: Code.Unavailable,
  message: "the agent is stopping",
  details: [errorInfo("STOPPING")],
};

/**
 * Makes the border between the agent's errors and those of the contract. Unexpected errors are logged under an id that the
 * caller is told; `onError` is told the code of every one.
 */
export function createErrorBorder(
  logger: Logger,
  onError: (code: ErrorCode) => void = () => {},
): ErrorBorder {
  return {
    unary: (schema, method) => async (request, call) => {
      try {
        return await untilAborted(call.signal, async () => method(request, call));
      } catch (error) {
        throw translated(error, { subject: subjectOf(schema, request), call, logger, onError });
      }
    },
    stream: (schema, method) =>
      async function* guarded(request, call) {
        const signal = AbortSignal.any([call.signal, call.stopping]);
        try {
          yield* method(request, call, signal);
        } catch (error) {
          throw translated(error, { subject: subjectOf(schema, request), call, logger, onError });
        }
        // The method ended by its signal rather than by itself.
        if (call.signal.aborted) throw call.signal.reason;
        if (call.stopping.aborted) throw new RpcError(stoppingStatus);
      },
  };
}

interface Failed {
  readonly subject: CallSubject;
  readonly call: CallContext;
  readonly logger: Logger;
  readonly onError: (code: ErrorCode) => void;
}

function translated(error: unknown, { subject, call, logger, onError }: Failed): unknown {
  if (isEndOf(call.signal, error)) return call.signal.reason;
  if (isEndOf(call.stopping, error)) return new RpcError(stoppingStatus);
  if (error instanceof RpcError) return error;
  const known = AgentError.from(error);
  onError(known.code);
  const incident = crypto.randomUUID();
  if (known.code === "INTERNAL") {
    logger.error("call failed unexpectedly", { incident, workloadId: subject.workloadId, error });
  }
  return new RpcError(errorStatus(known, subject, incident), error);
}

/** Whether `error` is only how something gave up when `signal` aborted. */
function isEndOf(signal: AbortSignal, error: unknown): boolean {
  if (!signal.aborted) return false;
  return error === signal.reason || AgentError.hasCode(error, "CANCELLED");
}
