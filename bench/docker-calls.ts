import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { finished, pipeline } from "node:stream/promises";

/** One call of the Docker Engine API, as it went over the wire. */
export interface DockerCall {
  /** `POST /containers/create`; ids and names are left out of it. */
  readonly what: string;
  readonly body: string;
  readonly status: number;
  /** When it was passed on, of `performance.now()`. */
  readonly beganMs: number;
  /** From then to the last byte of the answer. */
  readonly ms: number;
}

/** Stands before an engine and notes every call that has ended. It costs a little time itself. */
export class DockerCalls {
  readonly endpoint: string;
  readonly ended: DockerCall[] = [];
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, engineSocket: string) {
    this.#folder = folder;
    this.endpoint = `unix://${join(folder, "s")}`;
    this.#server = createServer((asked, answer) => {
      const ended = new AbortController();
      answer.once("close", () => ended.abort());
      const forwarded = this.#forward(asked, engineSocket, ended.signal).then(async (answered) => {
        answer.writeHead(answered.statusCode ?? 500, answered.headers);
        answer.flushHeaders();
        await pipeline(answered, answer);
      });
      // Whoever called sees the connection break; there is nobody else to tell.
      forwarded.catch(() => answer.destroy());
    });
  }

  /** Before the engine at `endpoint` (`unix:///path`). */
  static async before(endpoint: string): Promise<DockerCalls> {
    const folder = mkdtempSync(join(tmpdir(), "persys-calls-"));
    const calls = new DockerCalls(folder, endpoint.slice("unix://".length));
    await new Promise<void>((resolve) => {
      calls.#server.listen(join(folder, "s"), resolve);
    });
    return calls;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #forward(
    asked: IncomingMessage,
    socketPath: string,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const body = await buffer(asked);
    const { method = "GET", url: path = "/", headers } = asked;
    const beganMs = performance.now();
    const answered = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request({ socketPath, method, path, headers, signal }, resolve);
      call.on("error", reject);
      call.end(body);
    });
    const note = (): void => {
      const ms = performance.now() - beganMs;
      const status = answered.statusCode ?? 0;
      const what = `${method} ${shapeOf(path)}`;
      this.ended.push({ what, body: body.toString(), status, beganMs, ms });
    };
    finished(answered).then(note, () => {});
    return answered;
  }
}

/** A path without what differs from one container to the next. */
function shapeOf(path: string): string {
  const [plain = ""] = path.split("?", 1);
  return plain
    .replace(/^\/v[\d.]+/, "")
    .replace(/^\/(containers|volumes|networks)\/(?!json$|create$)[^/]+/, "/$1/{id}")
    .replace(/^\/images\/(?!json$|create$).+?(?=\/(?:json|tag)$|$)/, "/images/{name}");
}
