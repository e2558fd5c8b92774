import { createInterface } from "node:readline";
import type Docker from "dockerode";
import type { GetEventsOptions } from "dockerode";

const waitMs = 300_000;

interface StartEvent {
  readonly Actor: { readonly Attributes: { readonly name: string } };
}

/** Learns from the engine itself when containers start, whoever starts them. */
export class ContainerStarts {
  readonly #ending: AbortController;
  readonly #awaited = new Map<string, (atMs: number) => void>();

  private constructor(stream: NodeJS.ReadableStream, ending: AbortController) {
    this.#ending = ending;
    const lines = createInterface({ input: stream });
    // It ends by `close`.
    lines.on("error", () => {});
    lines.on("line", (line) => {
      const { name } = (JSON.parse(line) as StartEvent).Actor.Attributes;
      this.#awaited.get(name)?.(performance.now());
      this.#awaited.delete(name);
    });
  }

  static async of(docker: Docker): Promise<ContainerStarts> {
    const ending = new AbortController();
    const filters: GetEventsOptions["filters"] = { type: ["container"], event: ["start"] };
    const stream = await docker.getEvents({ filters, abortSignal: ending.signal });
    return new ContainerStarts(stream, ending);
  }

  /** When the container of this name starts next, of `performance.now()`. @throws after five minutes. */
  next(name: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new Error(`${name} has not started within ${waitMs / 1_000} s`));
      }, waitMs);
      this.#awaited.set(name, (atMs) => {
        clearTimeout(limit);
        resolve(atMs);
      });
    });
  }

  close(): void {
    this.#ending.abort();
  }
}
