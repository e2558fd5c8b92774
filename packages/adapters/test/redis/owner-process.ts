import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { eventually } from "../support/runtime-calls.ts";

const program = fileURLToPath(new URL("owner-program.ts", import.meta.url));

/** How an {@link OwnerProcess} is started. */
export interface OwnerProcessOptions {
  readonly url: string;
  readonly nodeId: string;
  readonly leaseMs: number;
  /** Words that the command begins with, such as those of unshare. */
  readonly wrapper?: readonly string[];
}

/** Another process that owns the state of a node, or wants to; killed when the test is over. */
export class OwnerProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor({ url, nodeId, leaseMs, wrapper = [] }: OwnerProcessOptions) {
    const node = [process.execPath, "--conditions=@persys/source", program];
    const words = [...wrapper, ...node, url, nodeId, String(leaseMs)];
    const [command = "", ...rest] = words;
    this.#child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    onTestFinished(() => this.kill());
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("the process was not started");
    return pid;
  }

  /** The next line it writes; undefined after the last. */
  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : value;
  }

  /** Has it commit a record; what it says of that. */
  async commit(id: string): Promise<string | undefined> {
    this.tell(id);
    return this.line();
  }

  /** Has it commit a record as soon as it runs. */
  tell(id: string): void {
    this.#child.stdin.write(`${id}\n`);
  }

  /** Stops it where it is. Resolves once it does nothing more. */
  async freeze(): Promise<void> {
    process.kill(this.pid, "SIGSTOP");
    await eventually(() => /^State:\s+T/m.test(readFileSync(`/proc/${this.pid}/status`, "utf8")));
  }

  thaw(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** Ends it with SIGKILL. May be repeated. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
