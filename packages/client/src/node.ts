/** The client for Node: Connect over HTTP/1.1 or HTTP/2, and gRPC. Everything else comes from `@persys/client`. */
import type { Interceptor, Transport } from "@connectrpc/connect";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { AgentService } from "@persys/transports/gen";
import type { AgentClient } from "./agent-client.ts";
import type { TokenSource } from "./call-options.ts";
import { bearerToken, defaultCallTimeoutMs, withCallTimeout } from "./call-options.ts";

export type { AgentClient } from "./agent-client.ts";
export type { TokenSource } from "./call-options.ts";

/** How an agent is reached from Node. */
export interface NodeAgentClientOptions {
  /** Where the agent serves, such as `http://127.0.0.1:50052`. */
  readonly baseUrl: string;
  /** `connect` (the default) is the lightest and works over either version of HTTP; `grpc` needs HTTP/2. */
  readonly protocol?: "connect" | "grpc";
  /** For `connect`; default `1.1`. gRPC always takes `2`. */
  readonly httpVersion?: "1.1" | "2";
  /** Sent as a bearer token. Left out: none. */
  readonly token?: TokenSource;
  /** Deadline of every call that is no stream and brings none of its own, in milliseconds. Default 30,000. */
  readonly callTimeoutMs?: number;
  /** Run around every call, the first outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** For `https:` addresses: the authorities to trust and the client's own certificate, PEM. */
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
  };
}

/** An agent that has vanished without a word is noticed within a minute, also by who only listens. Agents bear a ping every five seconds. */
const keepalive = { pingIntervalMs: 30_000, pingTimeoutMs: 20_000 } as const;

/** A client for Node. It opens no connection until the first call; idle connections do not keep the process alive. */
export function createNodeAgentClient(options: NodeAgentClientOptions): AgentClient {
  return createClient(
    AgentService,
    withCallTimeout(nodeTransport(options), options.callTimeoutMs ?? defaultCallTimeoutMs),
  );
}

function nodeTransport(options: NodeAgentClientOptions): Transport {
  const { baseUrl, token, protocol = "connect", interceptors = [], tls } = options;
  const shared = {
    baseUrl,
    interceptors: token === undefined ? [...interceptors] : [...interceptors, bearerToken(token)],
    ...(tls === undefined ? {} : { nodeOptions: tls }),
  };
  if (protocol === "grpc") return createGrpcTransport({ ...shared, ...keepalive });
  const { httpVersion = "1.1" } = options;
  return createConnectTransport(
    httpVersion === "2" ? { ...shared, httpVersion, ...keepalive } : { ...shared, httpVersion },
  );
}
