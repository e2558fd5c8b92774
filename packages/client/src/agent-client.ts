import type { Client, Interceptor, Transport } from "@connectrpc/connect";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AgentService } from "@persys/transports/gen";
import type { TokenSource } from "./call-options.ts";
import { bearerToken, defaultCallTimeoutMs, withCallTimeout } from "./call-options.ts";

/** Every call of the contract, typed: `client.applyWorkload({ id, spec })`, `client.watchWorkloads({})` as an async iterable. */
export type AgentClient = Client<typeof AgentService>;

/** How an agent is reached through `fetch`. */
export interface AgentClientOptions {
  /** Where the agent serves, such as `http://127.0.0.1:50052`. */
  readonly baseUrl: string;
  /** Sent as a bearer token. Left out: none. */
  readonly token?: TokenSource;
  /** Deadline of every call that is no stream and brings none of its own, in milliseconds. Default 30,000. */
  readonly callTimeoutMs?: number;
  /** Run around every call, the first outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

/** A client over a transport of your own: one made by @connectrpc/connect-web or -node, or one within the process. */
export interface TransportClientOptions {
  readonly transport: Transport;
  /** As in {@link AgentClientOptions}. */
  readonly callTimeoutMs?: number;
}

/**
 * A client for browsers, workers and any other place with `fetch`. It opens no connection until the first call and holds nothing to close.
 * In Node, `@persys/client/node` also speaks gRPC and costs less.
 */
export function createAgentClient(
  options: AgentClientOptions | TransportClientOptions,
): AgentClient {
  const transport = "transport" in options ? options.transport : fetchTransport(options);
  return createClient(
    AgentService,
    withCallTimeout(transport, options.callTimeoutMs ?? defaultCallTimeoutMs),
  );
}

function fetchTransport(options: AgentClientOptions): Transport {
  const { baseUrl, token, interceptors = [], fetch } = options;
  return createConnectTransport({
    baseUrl,
    interceptors: token === undefined ? [...interceptors] : [...interceptors, bearerToken(token)],
    ...(fetch === undefined ? {} : { fetch }),
  });
}
