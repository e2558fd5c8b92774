import { mkdtempSync, rmSync } from "node:fs";
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerHost } from "../../../../test/docker/docker-host.ts";

/**
 * What becomes of the call that changes something at a given place in the order of such calls, and of those after it.
 *
 * - `dies`: it and all others, reads included, never reach the engine: whoever makes them has ended.
 * - `refused`: it never reaches the engine, the others do.
 * - `unanswered`: it is carried out, but the answer is lost; the others are answered.
 */
export type Fate = "dies" | "refused" | "unanswered";

/** Stands between a runtime and the engine, and cuts off exactly one of the calls that change something, or all from there on. */
export class DyingClient {
  /** Where the engine is to be found through it: `unix:///path`. */
  readonly endpoint: string;
  readonly #folder: string = mkdtempSync(join(tmpdir(), "persys-dying-"));
  readonly #engineSocket: string;
  readonly #server = createServer((asked, answer) => {
    this.#pass(asked, answer);
  });
  #changes: string[] = [];
  #fatal: { readonly at: number; readonly fate: Fate } | undefined;

  private constructor(engineEndpoint: string) {
    this.#engineSocket = engineEndpoint.replace(/^unix:\/\//, "");
    this.endpoint = `unix://${join(this.#folder, "s")}`;
  }

  static async open(engineEndpoint: string = dockerHost().endpoint): Promise<DyingClient> {
    const client = new DyingClient(engineEndpoint);
    await new Promise<void>((resolve, reject) => {
      client.#server.once("error", reject);
      client.#server.listen(join(client.#folder, "s"), resolve);
    });
    return client;
  }

  /** What was asked to be changed since the last {@link cut}, in order: method and path without the query. */
  get changes(): readonly string[] {
    return this.#changes;
  }

  /** Counts anew, and has the change number `at` (from 0) meet its fate; undefined: none does. */
  cut(at: number | undefined, fate: Fate): void {
    this.#changes = [];
    this.#fatal = at === undefined ? undefined : { at, fate };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { method = "GET", url = "/", headers } = asked;
    const isChange = method !== "GET" && method !== "HEAD";
    const at = isChange ? this.#changes.push(`${method} ${url.split("?")[0]}`) - 1 : undefined;
    const fate = this.#fateOf(at);
    if (fate === "dies" || fate === "refused") {
      asked.socket.destroy();
      return;
    }
    const socketPath = this.#engineSocket;
    const passed: ClientRequest = request({ socketPath, method, path: url, headers }, (from) => {
      if (fate === "unanswered") {
        from.resume().once("end", () => asked.socket.destroy());
        return;
      }
      answer.writeHead(from.statusCode ?? 500, from.headers);
      from.pipe(answer);
    });
    passed.once("error", () => asked.socket.destroy());
    asked.pipe(passed);
  }

  #fateOf(at: number | undefined): Fate | undefined {
    if (this.#fatal === undefined) return undefined;
    const { at: fatalAt, fate } = this.#fatal;
    if (fate === "dies") return this.#changes.length > fatalAt ? fate : undefined;
    return at === fatalAt ? fate : undefined;
  }
}
