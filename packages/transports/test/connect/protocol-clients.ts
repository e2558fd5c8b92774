import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { errorFromJson } from "@connectrpc/connect/protocol-connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import {
  createConnectTransport as createWebConnectTransport,
  createGrpcWebTransport as createWebGrpcWebTransport,
} from "@connectrpc/connect-web";
import * as grpc from "@grpc/grpc-js";
import { AgentService } from "@persys/transports/gen";

/** The methods of the contract. */
export const rpc: typeof AgentService.method = AgentService.method;

/** How a test tells who calls. */
export interface CallerOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends all it sends compressed, where its protocol can. */
  readonly gzip?: boolean;
}

/** A client of one protocol. What it throws has the code of the answer as `code`. */
export interface ProtocolClient {
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    timeoutMs?: number,
  ): Promise<MessageShape<O>>;
  open<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    signal?: AbortSignal,
    timeoutMs?: number,
  ): AsyncIterable<MessageShape<O>>;
  close(): void;
}

/** Makes a client for a port of this machine. */
export type MakeClient = (port: number, options?: CallerOptions) => ProtocolClient;

/** Every protocol that is served, by the name its tests have. */
export const protocols: Readonly<Record<string, MakeClient>> = {
  "Connect JSON by fetch": fetchClient,
  "Connect JSON over HTTP/1.1": overHttp1((base) =>
    createConnectTransport({ ...base, useBinaryFormat: false }),
  ),
  "Connect by connect-web": byFetch((base) => createWebConnectTransport(base)),
  "Connect binary over HTTP/1.1": overHttp1((base) =>
    createConnectTransport({ ...base, useBinaryFormat: true }),
  ),
  "Connect binary over HTTP/2": overHttp2((base) => createConnectTransport(base)),
  "gRPC by connect-node": overHttp2((base) => createGrpcTransport(base)),
  "gRPC by grpc-js": grpcJsClient,
  "gRPC-Web by connect-web": byFetch((base) => createWebGrpcWebTransport(base)),
  "gRPC-Web over HTTP/1.1": overHttp1((base) => createGrpcWebTransport(base)),
  "gRPC-Web over HTTP/2": overHttp2((base) => createGrpcWebTransport(base)),
};

/** Every protocol with each transport that serves it. */
export const served: readonly (readonly [
  name: string,
  suite: { readonly by: "connect" | "grpc"; readonly makeClient: MakeClient },
])[] = [
  ...Object.entries(protocols).map(
    ([name, makeClient]) => [name, { by: "connect", makeClient }] as const,
  ),
  ...Object.entries(protocols)
    .filter(([name]) => name.startsWith("gRPC by"))
    .map(
      ([name, makeClient]) => [`${name}, of the gRPC port`, { by: "grpc", makeClient }] as const,
    ),
];

/** The headers a client sends. */
export function headersOf({
  token = "secret",
  headers = {},
}: CallerOptions): Record<string, string> {
  return token === "" ? { ...headers } : { authorization: `Bearer ${token}`, ...headers };
}

function byFetch(make: (base: { baseUrl: string }) => Transport): MakeClient {
  return (port, options = {}) =>
    ofTransport(make({ baseUrl: `http://127.0.0.1:${port}` }), options, () => {});
}

/** How clients of connect-node compress. */
interface Compressing {
  readonly sendCompression?: typeof compressionGzip;
  readonly compressMinBytes?: number;
}

const compressing = ({ gzip }: CallerOptions): Compressing =>
  gzip === true ? { sendCompression: compressionGzip, compressMinBytes: 0 } : {};

function overHttp1(
  make: (base: { baseUrl: string; httpVersion: "1.1" } & Compressing) => Transport,
): MakeClient {
  return (port, options = {}) =>
    ofTransport(
      make({ baseUrl: `http://127.0.0.1:${port}`, httpVersion: "1.1", ...compressing(options) }),
      options,
      () => {},
    );
}

function overHttp2(
  make: (
    base: {
      baseUrl: string;
      httpVersion: "2";
      sessionManager: Http2SessionManager;
    } & Compressing,
  ) => Transport,
): MakeClient {
  return (port, options = {}) => {
    const baseUrl = `http://127.0.0.1:${port}`;
    // In megabytes: what Node's client has still to send counts, and past 10 MB it resets streams by itself.
    const sessionManager = new Http2SessionManager(baseUrl, {}, { maxSessionMemory: 64 });
    const base = { baseUrl, httpVersion: "2" as const, sessionManager };
    const transport = make({ ...base, ...compressing(options) });
    return ofTransport(transport, options, () => sessionManager.abort());
  };
}

function ofTransport(
  transport: Transport,
  options: CallerOptions,
  close: () => void,
): ProtocolClient {
  const headers = headersOf(options);
  return {
    async call(method, input, timeoutMs) {
      return (await transport.unary(method, undefined, timeoutMs, headers, input)).message;
    },
    async *open(method, input, signal, timeoutMs) {
      const inputs = (async function* one() {
        yield input;
      })();
      yield* (await transport.stream(method, signal, timeoutMs, headers, inputs)).message;
    },
    close,
  };
}

function fetchClient(port: number, options: CallerOptions = {}): ProtocolClient {
  const baseUrl = `http://127.0.0.1:${port}`;
  const transport = createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false });
  return {
    ...ofTransport(transport, options, () => {}),
    async call(method, input, timeoutMs) {
      const response = await fetch(`${baseUrl}${pathOf(method)}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...headersOf(options),
          ...(timeoutMs === undefined ? {} : { "connect-timeout-ms": String(timeoutMs) }),
        },
        body: JSON.stringify(toJson(method.input, create(method.input, input))),
      });
      const json = (await response.json()) as JsonValue;
      if (response.ok) return fromJson(method.output, json);
      throw errorFromJson(json, response.headers, new ConnectError("no error", Code.Unknown));
    },
  };
}

function grpcJsClient(port: number, options: CallerOptions = {}): ProtocolClient {
  const client = new grpc.Client(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
    options.gzip === true
      ? { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip }
      : {},
  );
  const metadata = grpc.Metadata.fromHttp2Headers(headersOf(options));
  return {
    call: (method, input, timeoutMs) =>
      new Promise((resolve, reject) => {
        const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
        client.makeUnaryRequest(
          pathOf(method),
          writer(method.input),
          reader(method.output),
          input,
          metadata,
          deadline,
          (error, answer) => {
            if (answer === undefined) reject(error ?? new Error("neither answer nor error"));
            else resolve(answer);
          },
        );
      }),
    open(method, input, signal, timeoutMs) {
      const call = client.makeServerStreamRequest(
        pathOf(method),
        writer(method.input),
        reader(method.output),
        input,
        metadata,
        timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
      );
      signal?.addEventListener("abort", () => call.cancel(), { once: true });
      return call;
    },
    close: () => client.close(),
  };
}

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function writer<S extends DescMessage>(schema: S): (message: MessageInitShape<S>) => Buffer {
  return (message) => Buffer.from(toBinary(schema, create(schema, message)));
}

function reader<S extends DescMessage>(schema: S): (bytes: Buffer) => MessageShape<S> {
  return (bytes) => fromBinary(schema, bytes);
}
