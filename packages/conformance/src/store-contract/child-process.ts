import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ChildProcessHarness } from "./state-store-harness.ts";

/** This file is TypeScript where the package runs from its sources, and so is the program. */
const isSource = import.meta.url.endsWith(".ts");
const program = fileURLToPath(
  new URL(isSource ? "child-program.ts" : "child-program.js", import.meta.url),
);
const conditions = isSource ? ["--conditions=@persys/source"] : [];

/**
 * A process of its own that opens a store and commits numbered batches without end, many at a time. It says each number once that is
 * acknowledged. It ends with whoever started it. Every wait for it ends when the signal aborts, with the signal's reason.
 */
export class CommittingChild {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #signal: AbortSignal;
  #complaint = "";

  /** @param after the number of the last batch that is stored already. */
  constructor({ module, options }: ChildProcessHarness, after: number, signal: AbortSignal) {
    signal.throwIfAborted();
    this.#signal = signal;
    const words = [...conditions, program, module, JSON.stringify(options), String(after)];
    this.#child = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.on("data", (bytes) => {
      this.#complaint += String(bytes);
    });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /**
   * Resolves when it has opened the store.
   * @throws {Error} with what it said, when it could not.
   */
  async opened(): Promise<void> {
    if ((await this.#line()) === "open") return;
    throw new Error(`a child process cannot open the store: ${this.#complaint}`);
  }

  /**
   * The next number that it says.
   * @throws {Error} with what it said, when it has ended by itself.
   */
  async next(): Promise<number> {
    const line = await this.#line();
    if (line !== undefined) return Number(line);
    throw new Error(`a child process ended while it was to commit: ${this.#complaint}`);
  }

  /** The numbers that it has said and that were not read, once it was killed. */
  async rest(): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (let line = await this.#line(); line !== undefined; line = await this.#line()) {
      numbers.push(Number(line));
    }
    return numbers;
  }

  /** Ends it with SIGKILL. May be repeated. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    // No signal ends this wait: nothing holds up a SIGKILL for long, and the case may end only after it.
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #line(): Promise<string | undefined> {
    const { promise: cut, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(this.#signal.reason);
    this.#signal.addEventListener("abort", onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    try {
      const next = await Promise.race([this.#lines.next(), cut]);
      return next.done === true ? undefined : next.value;
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
    }
  }
}
