import * as http from "node:http";
import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { AgentError, type ErrorCode } from "@persys/core";
import type { ServerAddress } from "../server-transport.ts";
import type { TransportLimits } from "./limits.ts";
import { attachFront } from "./sniffing-front.ts";

/** Serves one request of HTTP/1.1 or HTTP/2. */
export type HttpListener = (
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse | http2.Http2ServerResponse,
) => void;

/** How long calls that were cut off have to say so before their connections are destroyed, in milliseconds. */
const LAST_WORDS_MS = 250;

/** Peers that have vanished without a word are noticed by TCP, which asks after so much silence, in milliseconds. */
const KEEP_ALIVE_MS = 30_000;

/** HTTP/1.1 and HTTP/2 in clear text on one port. */
export class HttpServer {
  readonly #http1: http.Server;
  readonly #http2: http2.Http2Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  readonly #dropUndecided: () => void;
  #closed: Promise<void> | undefined;

  constructor(listener: HttpListener, limits: TransportLimits) {
    this.#http1 = http.createServer(
      {
        headersTimeout: limits.headersTimeoutMs,
        requestTimeout: limits.requestTimeoutMs,
        keepAliveTimeout: limits.idleTimeoutMs,
        connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
        maxHeaderSize: limits.headersMaxBytes,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      },
      (request, response) => {
        response.once("close", () => this.#afterResponse());
        listener(request, response);
      },
    );
    this.#http1.maxConnections = limits.connectionsMax;
    this.#http2 = http2.createServer(
      {
        settings: {
          maxConcurrentStreams: limits.streamsMax,
          maxHeaderListSize: limits.headersMaxBytes,
        },
      },
      (request, response) => {
        limitArrival(request, limits.requestTimeoutMs);
        listener(request, response);
      },
    );
    this.#dropUndecided = attachFront({
      http1: this.#http1,
      http2: this.#http2,
      undecidedMs: limits.headersTimeoutMs,
    });
    this.#http1.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#http2.on("session", (session) => this.#keep(session, limits.idleTimeoutMs));
  }

  /** Begins to listen. Port 0: any that is free. @throws {AgentError} when the address cannot be had. */
  async listen(host: string, port: number): Promise<ServerAddress> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#http1.once("error", reject);
    this.#http1.listen({ host, port }, () => resolve(undefined));
    try {
      await promise;
    } catch (error) {
      throw listenError(error, `${host}:${port}`);
    } finally {
      this.#http1.off("error", reject);
    }
    const address = this.#http1.address();
    return { host, port: typeof address === "object" && address !== null ? address.port : port };
  }

  /** Closes as {@link ServerTransport.stop} says; `cutOff` is called when the grace is over. */
  async close(graceMs: number, cutOff: () => void): Promise<void> {
    this.#closed ??= this.#beginClose();
    if (await within(this.#closed, graceMs)) return;
    cutOff();
    if (await within(this.#closed, LAST_WORDS_MS)) return;
    for (const socket of this.#sockets) socket.destroy();
    await this.#closed;
  }

  #beginClose(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Its only error says that it was not listening.
    this.#http1.close(() => resolve());
    this.#dropUndecided();
    for (const session of this.#sessions) session.close();
    return promise;
  }

  #afterResponse(): void {
    // A connection that has become idle is not needed any more.
    if (this.#closed !== undefined) setImmediate(() => this.#http1.closeIdleConnections());
  }

  #keep(session: http2.ServerHttp2Session, idleTimeoutMs: number): void {
    let openStreams = 0;
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    session.on("stream", (stream) => {
      openStreams += 1;
      stream.once("close", () => {
        openStreams -= 1;
      });
    });
    session.setTimeout(idleTimeoutMs, () => {
      if (openStreams === 0) session.close();
    });
  }
}

/** Resets a stream whose request has not arrived whole in time. HTTP/1.1 has that built in. */
function limitArrival(request: http2.Http2ServerRequest, requestTimeoutMs: number): void {
  const timer = setTimeout(() => {
    request.stream.close(http2.constants.NGHTTP2_CANCEL);
  }, requestTimeoutMs);
  const arrived = (): void => clearTimeout(timer);
  request.once("end", arrived).once("close", arrived);
}

/** Whether `promise` resolves within a time. */
async function within(promise: Promise<void>, timeMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), timeMs);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

const listenCodes: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  ["EADDRINUSE", "PORT_CONFLICT"],
  ["EACCES", "PERMISSION_DENIED"],
]);

function listenError(cause: unknown, address: string): AgentError {
  const errno = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const code = listenCodes.get(errno) ?? "NETWORK_ERROR";
  const why = code === "PORT_CONFLICT" ? "it is in use" : String(errno ?? cause);
  return new AgentError(code, `cannot listen on ${address}: ${why}`, {
    effect: "none",
    cause,
  });
}
