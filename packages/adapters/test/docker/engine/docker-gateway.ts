import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { TestContext } from "vitest";
import { dockerHost } from "../../../../../test/docker/docker-host.ts";

/** Called before a request is passed on, and again before its answer is. Holds it back until it resolves; a rejection breaks it off. */
export type OnRequest = (moment: "before" | "after") => Promise<void>;

/** Stands between one agent and the engine of all tests, and knows what it is asked for. */
export class DockerGateway {
  /** `unix:///path`. */
  readonly endpoint: string;
  readonly #changes: string[] = [];
  readonly #onChange: OnRequest;
  readonly #onRead: OnRequest;
  #reads = 0;

  private constructor(endpoint: string, onChange: OnRequest, onRead: OnRequest) {
    this.endpoint = endpoint;
    this.#onChange = onChange;
    this.#onRead = onRead;
  }

  /** One that goes with the test. `onChange` has to do with requests that change something, `onRead` with all others. */
  static async open(
    test: TestContext,
    onChange: OnRequest = async () => {},
    onRead: OnRequest = async () => {},
  ): Promise<DockerGateway> {
    const folder = mkdtempSync(join(tmpdir(), "persys-gateway-"));
    const gateway = new DockerGateway(`unix://${join(folder, "s")}`, onChange, onRead);
    const server = createServer((asked, answer) => void gateway.#pass(asked, answer));
    await new Promise<void>((resolve) => server.listen(join(folder, "s"), resolve));
    test.onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    });
    return gateway;
  }

  /** The requests that change something, as `POST /containers/…/start`, in order. */
  get changes(): readonly string[] {
    return this.#changes;
  }

  /** How many requests only read. */
  get reads(): number {
    return this.#reads;
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = asked;
    const isRead = method === "GET" || method === "HEAD";
    const hold = isRead ? this.#onRead : this.#onChange;
    try {
      await hold("before");
      if (isRead) this.#reads += 1;
      else this.#changes.push(`${method} ${url}`);
      const socketPath = dockerHost().endpoint.replace(/^unix:\/\//, "");
      const onward = request({ socketPath, method, path: url, headers });
      answer.on("close", () => onward.destroy());
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        onward.on("response", resolve).on("error", reject);
      });
      // Another who waits for the answer learns of a failure.
      await Promise.all([pipeline(asked, onward), answered]);
      const answering = await answered;
      await hold("after");
      answer.writeHead(answering.statusCode ?? 500, answering.headers);
      answer.flushHeaders();
      await pipeline(answering, answer);
    } catch {
      answer.destroy();
    }
  }
}
