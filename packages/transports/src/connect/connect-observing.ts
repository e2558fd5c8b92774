import {
  Code,
  ConnectError,
  type ContextKey,
  createContextKey,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import type { CallObserver, ObservedCall } from "../observe/call-observer.ts";

interface Observed {
  readonly call: ObservedCall;
  /** Whether the method has given all its answers. */
  isAnswered: boolean;
}

const observedKey: ContextKey<Observed | undefined> = createContextKey<Observed | undefined>(
  undefined,
  { description: "the call as it is observed" },
);

/** Tells `observer` that a call has begun, and of its end. Before anything else is done for it. */
export function observeCall(observer: CallObserver, context: HandlerContext): void {
  const { method, protocolName, requestHeader, signal, values } = context;
  const call = observer.begin({
    system: protocolName === "connect" ? "connectrpc" : "grpc",
    method: `${method.parent.typeName}/${method.name}`,
    header: (name) => requestHeader.get(name) ?? undefined,
  });
  const observed = { call, isAnswered: false };
  values.set(observedKey, observed);
  if (call.traceparent !== undefined) requestHeader.set("traceparent", call.traceparent);
  // The library aborts every call that has ended, with its error where it failed.
  const ended = (): void => call.end(codeOf(signal.reason, observed));
  signal.addEventListener("abort", ended, { once: true });
}

/** Has what the methods do be part of the call that is observed. */
export const withinCall: Interceptor = (next) => async (request) => {
  const observed = request.contextValues.get(observedKey);
  if (observed === undefined) return next(request);
  const response = await observed.call.run(() => next(request));
  if (response.stream) return { ...response, message: untilAnswered(response.message, observed) };
  observed.isAnswered = true;
  return response;
};

async function* untilAnswered<T>(answers: AsyncIterable<T>, observed: Observed): AsyncIterable<T> {
  yield* answers;
  observed.isAnswered = true;
}

/** Undefined: it was over without an error. */
function codeOf(reason: unknown, { isAnswered }: Observed): Code | undefined {
  if (reason instanceof ConnectError) return reason.code;
  const isAborted = reason instanceof DOMException && reason.name === "AbortError";
  if (isAborted && isAnswered) return undefined;
  return isAborted ? Code.Canceled : Code.Internal;
}
