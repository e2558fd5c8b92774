import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "@persys/core";
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
  readonly logger: Logger;
}

/** A watcher asks every few seconds over one connection; more than this is no watcher. */
const connectionsMax = 64;
const requestTimeoutMs = 10_000;
const idleTimeoutMs = 30_000;

/**
 * Answers `GET /health`, `/ready` and `/metrics` over HTTP/1.1, without credentials. At a loopback address it answers only requests that
 * name this machine as their host, so that no web page can read it by a name that leads here (DNS rebinding).
 */
export class StatusServer {
  readonly #options: StatusServerOptions;
  readonly #server: Server;

  constructor(options: StatusServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        headersTimeout: requestTimeoutMs,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: idleTimeoutMs,
        maxHeaderSize: 8_192,
      },
      this.#listener(),
    );
    this.#server.maxConnections = connectionsMax;
  }

  /** Listens. @returns the origin under which it can be reached. @throws the error of the system when it cannot listen. */
  async start(): Promise<string> {
    const { address, port } = this.#options;
    this.#server.listen({ host: address, port });
    await once(this.#server, "listening");
    return httpOrigin(address, (this.#server.address() as AddressInfo).port);
  }

  /** Ends listening, and every connection once its answer is out. May be repeated, and before a start. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
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
        return sendReport(response, healthReport(source));
      case "/ready":
        return sendReport(response, readyReport(source));
      case "/metrics":
        response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
        response.end(await metrics());
        return undefined;
      default:
        return send(response, 404, { error: "not found; there are /health, /ready and /metrics" });
    }
  }
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
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(`${JSON.stringify(body)}\n`);
}
