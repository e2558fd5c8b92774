import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { AgentError, type ErrorCode } from "@persys/core";
import type { ServerAddress } from "../server-transport.ts";
import type { TlsOptions } from "../tls/tls-source.ts";
import { openClearFront } from "./clear-front.ts";
import type { FrontHandlers, HttpFront, HttpListener } from "./http-front.ts";
import type { TransportLimits } from "./limits.ts";
import { openTlsFront } from "./tls-front.ts";

/** How long calls that were cut off have to say so before their connections are destroyed, in milliseconds. */
const LAST_WORDS_MS = 250;

/** HTTP/1.1 and HTTP/2 on one port, in clear text or over TLS. */
export class HttpServer {
  readonly #front: HttpFront;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  #closed: Promise<void> | undefined;

  /** Without `tls` it speaks clear text. */
  constructor(listener: HttpListener, limits: TransportLimits, tls?: TlsOptions) {
    const handlers: FrontHandlers = {
      limits,
      onRequest: (request, response) => {
        if ("stream" in request) limitArrival(request, limits.requestTimeoutMs);
        else response.once("close", () => this.#afterResponse());
        listener(request, response);
      },
      onSession: (session) => this.#keep(session, limits.idleTimeoutMs),
    };
    this.#front = tls === undefined ? openClearFront(handlers) : openTlsFront(handlers, tls);
    this.#front.server.maxConnections = limits.connectionsMax;
    this.#front.server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** Begins to listen. Port 0: any that is free. @throws {AgentError} when the address cannot be had. */
  async listen(host: string, port: number): Promise<ServerAddress> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const { server } = this.#front;
    server.once("error", reject);
    server.listen({ host, port }, () => resolve(undefined));
    try {
      await promise;
    } catch (error) {
      throw listenError(error, `${host}:${port}`);
    } finally {
      server.off("error", reject);
    }
    const address = server.address();
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
    this.#front.server.close(() => {
      this.#front.dispose();
      resolve();
    });
    this.#front.dropUndecided();
    for (const session of this.#sessions) session.close();
    return promise;
  }

  #afterResponse(): void {
    // A connection that has become idle is not needed any more.
    if (this.#closed !== undefined) setImmediate(() => this.#front.closeIdle());
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
