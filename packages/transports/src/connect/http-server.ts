import type * as http2 from "node:http2";
import type { Socket } from "node:net";
import { limitArrival } from "../net/arrival-limit.ts";
import type { ConnectionGate } from "../net/connection-gate.ts";
import { endWithin } from "../net/end-within.ts";
import { listen } from "../net/listen.ts";
import { agedBy, limitLife } from "../net/session-life.ts";
import type { ServerAddress } from "../server-transport.ts";
import type { TlsOptions } from "../tls/tls-source.ts";
import { openClearFront } from "./clear-front.ts";
import type { FrontHandlers, HttpFront, HttpListener } from "./http-front.ts";
import type { TransportLimits } from "./limits.ts";
import { openTlsFront } from "./tls-front.ts";

/** What a server of HTTP needs. */
export interface HttpServerOptions {
  readonly limits: TransportLimits;
  /** Left out: it speaks clear text. */
  readonly tls: TlsOptions | undefined;
  /** Bounds how many connections there are. */
  readonly gate: ConnectionGate;
}

/** HTTP/1.1 and HTTP/2 on one port, in clear text or over TLS. */
export class HttpServer {
  readonly #front: HttpFront;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  readonly #limits: TransportLimits;
  /** Connections of HTTP/1.1 on which something was asked, each with the time when it is too old. */
  readonly #oldAtMs = new WeakMap<Socket, number>();
  #closed: Promise<void> | undefined;

  constructor(listener: HttpListener, { limits, tls, gate }: HttpServerOptions) {
    this.#limits = limits;
    const handlers: FrontHandlers = {
      limits,
      gate,
      onRequest: (request, response) => {
        if ("stream" in request) {
          // Who asks for reflection may go on asking.
          const isOpenEnded = request.url.startsWith("/grpc.reflection.");
          if (!isOpenEnded) limitArrival(request.stream, limits.requestTimeoutMs);
        } else {
          response.once("close", () => this.#afterResponse());
          this.#limitAge(request.socket, () => response.setHeader("connection", "close"));
        }
        listener(request, response);
      },
      onSession: (session) => this.#keep(session),
    };
    this.#front = tls === undefined ? openClearFront(handlers) : openTlsFront(handlers, tls);
    this.#front.server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    gate.guard(this.#front.server);
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

  #keep(session: http2.ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    limitLife(session, this.#limits);
  }

  /** An old connection of HTTP/1.1 ends with the answer to what is asked over it, or when that takes longer than the grace. */
  #limitAge(socket: Socket, endAfterAnswer: () => void): void {
    const { ageMaxMs, ageGraceMs } = this.#limits;
    if (ageMaxMs === Number.POSITIVE_INFINITY) return;
    const nowMs = performance.now();
    const known = this.#oldAtMs.get(socket);
    const oldAtMs = known ?? nowMs + agedBy(ageMaxMs);
    if (nowMs >= oldAtMs) endAfterAnswer();
    if (known !== undefined) return;
    this.#oldAtMs.set(socket, oldAtMs);
    const timer = setTimeout(() => socket.destroy(), oldAtMs - nowMs + ageGraceMs).unref();
    socket.once("close", () => clearTimeout(timer));
  }
}
