import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Logger } from "@persys/core";
import {
  type Authenticate,
  type Authentication,
  ConnectionGate,
  guardTls,
  peerOf,
  securityHeaders,
  type TlsSource,
  tlsServerOptions,
} from "@persys/transports";
import { httpOrigin, isLoopback } from "../config/network-address.ts";
import {
  healthReport,
  readyReport,
  type StatusReport,
  type StatusSource,
} from "./status-report.ts";

/** What a status server needs. */
export interface StatusServerOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly source: StatusSource;
  /** The metrics in the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  /** Served to others than this machine: over what, and who may read more than whether all is well. Left out: in clear text, to everybody. */
  readonly guard?: { readonly tls: TlsSource; readonly authenticate: Authenticate };
  readonly logger: Logger;
}

/** A watcher asks every few seconds over one connection; more than this is no watcher. The oldest makes room for another. */
const bounds = { connectionsMax: 64, connectionsPerAddressMax: 64, connectionsUnknownMax: 64 };
const requestTimeoutMs = 10_000;
const idleTimeoutMs = 30_000;

/**
 * Answers `GET /health`, `/ready` and `/metrics` over HTTP/1.1. At a loopback address it does so without credentials, and only where a
 * request names this machine as its host, so that no web page can read it by a name that leads here (DNS rebinding). Elsewhere it speaks TLS, and
 * tells only those more than whether all is well who have a role.
 */
export class StatusServer {
  readonly #options: StatusServerOptions;
  readonly #server: Server;
  readonly #endGuard: () => void;

  constructor(options: StatusServerOptions) {
    this.#options = options;
    const { guard, logger } = options;
    const limits: ServerOptions = {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: idleTimeoutMs,
      maxHeaderSize: 8_192,
    };
    if (guard === undefined) {
      this.#server = createServer(limits, this.#listener());
      this.#endGuard = () => {};
    } else {
      const tls = { source: guard.tls, clientCertificates: "asked" as const };
      const secure = { ...limits, ...tlsServerOptions(tls, requestTimeoutMs) };
      const server = createSecureServer(secure, this.#listener());
      this.#server = server;
      this.#endGuard = guardTls(server, tls);
    }
    new ConnectionGate(bounds, logger).guard(this.#server);
  }

  /** Listens. @returns the origin under which it can be reached. @throws the error of the system when it cannot listen. */
  async start(): Promise<string> {
    const { address, port } = this.#options;
    this.#server.listen({ host: address, port });
    await once(this.#server, "listening");
    const { port: taken } = this.#server.address() as AddressInfo;
    return httpOrigin(address, taken, this.#options.guard !== undefined);
  }

  /** Ends listening, and every connection once its answer is out. May be repeated, and before a start. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#endGuard();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeIdleConnections();
    const force = setTimeout(() => this.#server.closeAllConnections(), 1_000);
    await closed;
    clearTimeout(force);
  }

  #listener(): RequestListener {
    return (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.#options.logger.error("a status request failed", { url: request.url ?? "", error });
        if (response.headersSent) response.destroy();
        else send(response, 500, { error: "internal error; the agent's log says more" });
      });
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { address, source, metrics } = this.#options;
    if (isLoopback(address) && !namesThisMachine(request.headers.host, address)) {
      return send(response, 403, {
        error: "the Host header must name this machine, such as localhost",
      });
    }
    if (request.method !== "GET") {
      response.setHeader("allow", "GET");
      return send(response, 405, { error: "only GET is answered here" });
    }
    switch ((request.url ?? "").split("?", 1)[0]) {
      case "/health":
        return sendReport(response, await this.#shown(request, healthReport(source)));
      case "/ready":
        return sendReport(response, await this.#shown(request, readyReport(source)));
      case "/metrics":
        if (!(await this.#mayRead(request, response))) return undefined;
        for (const [name, value] of Object.entries(securityHeaders)) {
          response.setHeader(name, value);
        }
        response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
        response.end(await metrics());
        return undefined;
      default:
        return send(response, 404, { error: "not found; there are /health, /ready and /metrics" });
    }
  }

  /** A report as the asker may see it. */
  async #shown(request: IncomingMessage, report: StatusReport): Promise<StatusReport> {
    const { authorization } = request.headers;
    const isAnonymous =
      authorization === undefined && peerOf(request.socket).certificate === undefined;
    // A probe that shows nothing is no failed try to be somebody.
    if (this.#options.guard !== undefined && isAnonymous) return outlineOf(report);
    const caller = await this.#callerOf(request);
    return caller === undefined || caller.kind === "known" ? report : outlineOf(report);
  }

  /** Whether the asker may read the metrics. Who may not is told why. */
  async #mayRead(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const caller = await this.#callerOf(request);
    switch (caller?.kind) {
      case undefined:
      case "known":
        return true;
      case "unknown":
        response.setHeader("www-authenticate", "Bearer");
        send(response, 401, { error: caller.because });
        return false;
      case "stranger":
        send(response, 403, { error: `${caller.identity} has no role here` });
        return false;
      case "too-many":
        send(response, 429, { error: caller.status.message });
        return false;
    }
  }

  /** Who asks; undefined where nobody is asked who he is. */
  async #callerOf(request: IncomingMessage): Promise<Authentication | undefined> {
    const { guard } = this.#options;
    if (guard === undefined) return undefined;
    const { authorization } = request.headers;
    const headers = new Headers(authorization === undefined ? {} : { authorization });
    return guard.authenticate({ headers, peer: peerOf(request.socket), method: "Metrics" });
  }
}

/** Whether all is well, and nothing of why not. */
function outlineOf({ statusCode, body }: StatusReport): StatusReport {
  const { status, ready } = body;
  return { statusCode, body: ready === undefined ? { status } : { ready } };
}

function namesThisMachine(host: string | undefined, address: string): boolean {
  const url = host === undefined ? null : URL.parse(`http://${host}`);
  const name = url?.hostname.replace(/^\[(.*)\]$/, "$1") ?? "";
  return isLoopback(name) || name === address;
}

function sendReport(response: ServerResponse, { statusCode, body }: StatusReport): void {
  send(response, statusCode, body);
}

function send(
  response: ServerResponse,
  statusCode: number,
  body: Readonly<Record<string, unknown>>,
): void {
  response.writeHead(statusCode, {
    ...securityHeaders,
    "content-type": "application/json; charset=utf-8",
  });
  response.end(`${JSON.stringify(body)}\n`);
}
