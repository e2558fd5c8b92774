import type { Code } from "@connectrpc/connect";

/** A call as it comes in, before it is known who makes it. */
export interface IncomingCall {
  /** What it is spoken in: gRPC, which gRPC-Web is counted as, or Connect. */
  readonly system: "grpc" | "connectrpc";
  /** Service and method, such as `persys.agent.v1.AgentService/ApplyWorkload`. One of those that are served. */
  readonly method: string;
  /** The value of a header of the request. */
  header(name: string): string | undefined;
}

/** A call under way. */
export interface ObservedCall {
  /** W3C traceparent of what is done for the call; undefined where it is in no trace. */
  readonly traceparent: string | undefined;
  /** Does something as part of the call. Returns what it returns. @throws what it throws. */
  run<T>(work: () => T): T;
  /** Tells how the call ended; undefined: well. Only the first time counts. */
  end(code: Code | undefined): void;
}

/** Is told of every call, those that are refused included. Never throws. */
export interface CallObserver {
  begin(call: IncomingCall): ObservedCall;
}
