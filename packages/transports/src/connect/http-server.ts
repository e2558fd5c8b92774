import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { endWithin } from "../net/end-within.ts";
import { listen } from "../net/listen.ts";
import type { ServerAddress } from "../server-transport.ts";
import type { TlsOptions } from "../tls/tls-source.ts";
import { openClearFront } from "./clear-front.ts";
import type { FrontHandlers, HttpFront, HttpListener } from "./http-front.ts";
import type { TransportLimits } from "./limits.ts";
import { openTlsFront } from "./tls-front.ts";

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
    return listen(this.#front.server, { host, port });
  }

  /** Closes as {@link ServerTransport.stop} says; `cutOff` is called when the grace is over. */
  async close(graceMs: number, cutOff: () => void): Promise<void> {
    this.#closed ??= this.#beginClose();
    const destroy = (): void => {
      for (const socket of this.#sockets) socket.destroy();
    };
    await endWithin(graceMs, { closed: this.#closed, cutOff, destroy });
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
