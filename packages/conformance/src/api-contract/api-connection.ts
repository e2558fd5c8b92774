import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Interceptor, Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { type AgentClient, createAgentClient } from "@persys/client";
import type { ResolvedSubject } from "./api-subject.ts";

/** How one connection differs from what the subject says. */
export interface ConnectionOptions {
  /** Run around every call, the first outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Instead of the subject's; empty: none is sent. */
  readonly token?: string;
  /** Every request is compressed with gzip, however small. */
  readonly gzip?: boolean;
  /** Reads go by GET. Of Connect only. */
  readonly httpGet?: boolean;
  /** JSON instead of the binary form. Of Connect only. */
  readonly json?: boolean;
}

/** A client and what it holds. */
export interface ApiConnection {
  readonly client: AgentClient;
  /** Cuts off whatever is open. May be repeated. */
  close(): void;
}

/** Past it a client of Node resets its own streams: what has yet to be sent counts, too. In megabytes. */
const sessionMemoryMaxMb = 64;

/** A connection of its own to the subject. It is made by the first call. */
export function connectTo(
  subject: ResolvedSubject,
  options: ConnectionOptions = {},
): ApiConnection {
  const { interceptors = [], token = subject.token ?? "", gzip = false } = options;
  const shared = {
    baseUrl: subject.endpoint,
    interceptors: token === "" ? [...interceptors] : [...interceptors, bearer(token)],
    ...(gzip ? { sendCompression: compressionGzip, compressMinBytes: 0 } : {}),
  };
  const over = subject.httpVersion === "2" ? overHttp2(subject) : overHttp1(subject);
  const transport = transportOf(subject, { ...shared, ...over.options }, options);
  return {
    client: createAgentClient({ transport, callTimeoutMs: subject.patienceMs }),
    close: over.close,
  };
}

type TransportOptions = Parameters<typeof createGrpcWebTransport>[0];

function transportOf(
  { protocol, endpoint }: ResolvedSubject,
  shared: TransportOptions,
  { httpGet = false, json = false }: ConnectionOptions,
): Transport {
  switch (protocol) {
    case "grpc":
      if (shared.httpVersion !== "2") throw new Error(`gRPC to ${endpoint} takes HTTP/2`);
      return createGrpcTransport(shared);
    case "grpc-web":
      return createGrpcWebTransport(shared);
    case "connect":
      return createConnectTransport({ ...shared, useHttpGet: httpGet, useBinaryFormat: !json });
  }
}

interface Carrier {
  readonly options:
    | { readonly httpVersion: "2"; readonly sessionManager: Http2SessionManager }
    | { readonly httpVersion: "1.1"; readonly nodeOptions: { readonly agent: HttpAgent } };
  readonly close: () => void;
}

function overHttp2({ endpoint, tls = {} }: ResolvedSubject): Carrier {
  const settings = { ...tls, maxSessionMemory: sessionMemoryMaxMb };
  const sessionManager = new Http2SessionManager(endpoint, {}, settings);
  return {
    options: { httpVersion: "2", sessionManager },
    close: () => sessionManager.abort(),
  };
}

function overHttp1({ endpoint, tls = {} }: ResolvedSubject): Carrier {
  const isTls = new URL(endpoint).protocol === "https:";
  const agent = isTls ? new HttpsAgent({ keepAlive: true, ...tls }) : keptAlive();
  return { options: { httpVersion: "1.1", nodeOptions: { agent } }, close: () => agent.destroy() };
}

function keptAlive(): HttpAgent {
  return new HttpAgent({ keepAlive: true });
}

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}
