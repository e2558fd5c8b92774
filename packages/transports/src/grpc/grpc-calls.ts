import {
  type DescMessage,
  type DescMethod,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type {
  Deadline,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  MethodDefinition,
  ServerWritableStream,
} from "@grpc/grpc-js";
import type { StreamHandler, UnaryHandler } from "../handlers/agent-handlers.ts";
import type { CallContext } from "../handlers/call-context.ts";
import { RpcError } from "../mapping/rpc-status.ts";
import { serviceErrorOf } from "./grpc-errors.ts";

/** As much of a call as every kind of it has. */
export interface GrpcCall {
  readonly metadata: Metadata;
  getDeadline(): Deadline;
  on(event: "cancelled", listener: () => void): unknown;
  off(event: "cancelled", listener: () => void): unknown;
}

/** What is known of a call. `signal` aborts with the call. */
export type ContextOf = (call: GrpcCall, signal: AbortSignal) => CallContext;

/** A method of a contract as grpc-js describes one. */
export function methodDefinition(method: DescMethod): MethodDefinition<Message, Message> {
  const { input, output, methodKind } = method;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
    responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
    requestSerialize: writer(input),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: writer(output),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

/** A method with one answer, for grpc-js. */
export function unaryCall<I, O>(
  handle: UnaryHandler<I, O>,
  contextOf: ContextOf,
): handleUnaryCall<I, O> {
  return (call, answer) => {
    const { signal, release } = watchEnd(call);
    handle(call.request, contextOf(call, signal))
      .then(
        (response) => answer(null, response),
        (error: unknown) => answer(serviceErrorOf(error)),
      )
      .finally(release);
  };
}

/** A method with a stream of answers, for grpc-js. No more is taken from the handler than the client takes in. */
export function streamingCall<I, O>(
  handle: StreamHandler<I, O>,
  contextOf: ContextOf,
): handleServerStreamingCall<I, O> {
  return (call) => {
    const { signal, release } = watchEnd(call);
    pump(handle(call.request, contextOf(call, signal)), call, signal)
      .then(
        () => call.end(),
        (error: unknown) => call.emit("error", serviceErrorOf(error)),
      )
      .finally(release);
  };
}

async function pump<I, O>(
  answers: AsyncIterable<O>,
  call: ServerWritableStream<I, O>,
  signal: AbortSignal,
): Promise<void> {
  for await (const answer of answers) {
    if (!call.write(answer)) await drained(call, signal);
  }
}

/** Waits until the client has taken in what was written. @throws the signal's reason. */
function drained<I, O>(call: ServerWritableStream<I, O>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", giveUp, { once: true });
  call.once("drain", resolve);
  if (signal.aborted) giveUp();
  return promise.finally(() => {
    call.off("drain", resolve);
    signal.removeEventListener("abort", giveUp);
  });
}

/** Aborts when the caller has gone or its deadline has passed; grpc-js tells of both alike, and answers by itself then. */
function watchEnd(call: GrpcCall): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const end = (): void => {
    const late = remainingMs(call) === 0;
    const code = late ? Code.DeadlineExceeded : Code.Canceled;
    const message = late ? "the deadline has passed" : "the caller has gone";
    controller.abort(new RpcError({ code, message, details: [] }));
  };
  call.on("cancelled", end);
  return { signal: controller.signal, release: () => call.off("cancelled", end) };
}

/** Milliseconds to the deadline of a call, at least 0; undefined without one. */
export function remainingMs(call: GrpcCall): number | undefined {
  const deadline = call.getDeadline();
  const endMs = typeof deadline === "number" ? deadline : deadline.getTime();
  return endMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, endMs - Date.now());
}

function writer(schema: DescMessage): (message: Message) => Buffer {
  return (message) => {
    const { buffer, byteOffset, byteLength } = toBinary(schema, message);
    return Buffer.from(buffer, byteOffset, byteLength);
  };
}
