import type * as http from "node:http";
import type * as http2 from "node:http2";
import type { Server } from "node:net";
import type { ConnectionGate } from "../net/connection-gate.ts";
import type { TransportLimits } from "./limits.ts";

/** Serves one request of HTTP/1.1 or HTTP/2. */
export type HttpListener = (
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse | http2.Http2ServerResponse,
) => void;

/** Takes connections in and serves each with the version of HTTP that it speaks. */
export interface HttpFront {
  /** What listens. Its `connection` events bring the connections of TCP. */
  readonly server: Server;
  /** Closes the connections of HTTP/1.1 on which nothing is asked at the moment. */
  closeIdle(): void;
  /** Destroys the connections that have not shown yet what they speak. */
  dropUndecided(): void;
  /** Lets go of what outlives the connections. Called once all are closed. */
  dispose(): void;
}

/** What a front hands what it takes in to. */
export interface FrontHandlers {
  readonly limits: TransportLimits;
  /** Told of connections whose client has shown a certificate that is trusted. */
  readonly gate: Pick<ConnectionGate, "know">;
  readonly onRequest: HttpListener;
  readonly onSession: (session: http2.ServerHttp2Session) => void;
}

/** Peers that have vanished without a word are noticed by TCP, which asks after so much silence, in milliseconds. */
export const keepAliveMs = 30_000;

/** What servers of HTTP/1.1 are told of the limits. */
export function http1Limits(limits: TransportLimits): http.ServerOptions {
  return {
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
    maxHeaderSize: limits.headersMaxBytes,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
  };
}

/** What clients of HTTP/2 are told of the limits. */
export function http2Limits(limits: TransportLimits): http2.Settings {
  return { maxConcurrentStreams: limits.streamsMax, maxHeaderListSize: limits.headersMaxBytes };
}
