import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const program = fileURLToPath(new URL("store-program.ts", import.meta.url));

/** All threads, every byte as a number, and what goes to disk or comes out. It stands beside the traced process, which keeps its id. */
const strace =
  "strace -D -f -y -xx -s 1048576 -e trace=openat,lseek,pwrite64,write,writev,pwritev,fdatasync,fsync".split(
    " ",
  );

/** How a {@link StoreProcess} is started. */
export interface StoreProcessOptions {
  readonly path: string;
  /** What it does: see store-program.ts. */
  readonly task: "hold" | "load" | "fill";
  /** The size that no file of it may exceed, in bytes; it can be raised later. */
  readonly fileBytesMax?: number;
  /** A file for all that it asks of the disk, written by strace. */
  readonly trace?: string;
}

/** Another process that owns a state folder; killed when the test is over. */
export class StoreProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor({ path, task, fileBytesMax, trace }: StoreProcessOptions) {
    const node = [process.execPath, "--conditions=@persys/source", program, path, task];
    // The soft limit alone: the process itself may not raise it, another of the same user may.
    const limit = fileBytesMax === undefined ? [] : ["prlimit", `--fsize=${fileBytesMax}:`];
    const traced = trace === undefined ? [] : [...strace, "-o", trace];
    const [command = "", ...rest] = [...limit, ...traced, ...node];
    this.#child = spawn(command, rest, { stdio: ["pipe", "pipe", "ignore"] });
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

  /** Has it take its next step. */
  tell(text: string): void {
    this.#child.stdin.write(`${text}\n`);
  }

  /** Ends it with SIGKILL. May be repeated. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
