import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";

/** Starts the server and ends it with whoever started it, whose end closes stdin. Ends when the server does. */
const guard =
  'exec 3<&0; redis-server "$@" & pid=$!; echo "pid $pid"; (cat; kill -KILL $pid) <&3 >/dev/null & wait $pid';

/**
 * A Redis server of one test alone, for what nobody may do to the shared one. It syncs before it acknowledges, unless told otherwise, and keeps
 * its folder and port when it is started again.
 */
export class PrivateRedis {
  readonly folder: string;
  readonly port: number;
  readonly #settings: readonly string[];
  #guard: ChildProcessByStdio<Writable, Readable, null> | undefined;
  #pid: number | undefined;

  private constructor(folder: string, port: number, settings: readonly string[]) {
    this.folder = folder;
    this.port = port;
    this.#settings = settings;
  }

  /**
   * A running server that lasts as long as the test.
   * @param settings as on the command line of redis-server: `["--maxmemory", "10mb"]`. `FOLDER` stands for its folder, `PORT` for its port.
   */
  static async start(...settings: readonly string[]): Promise<PrivateRedis> {
    const server = await PrivateRedis.launch(...settings);
    onTestFinished(() => server.remove());
    return server;
  }

  /** As {@link start}, for whoever removes it. */
  static async launch(...settings: readonly string[]): Promise<PrivateRedis> {
    const folder = await mkdtemp(join(tmpdir(), "persys-redis-"));
    const port = await freePort();
    const words = settings.map((it) => it.replace("FOLDER", folder).replace("PORT", String(port)));
    const server = new PrivateRedis(folder, port, words);
    await server.up();
    return server;
  }

  /** Ends it, with all that it has. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    if (this.#pid === undefined) throw new Error("the server does not run");
    return this.#pid;
  }

  /** Starts it, also after {@link kill}; resolves once it answers. */
  async up(): Promise<void> {
    const usual = ["--bind", "127.0.0.1", "--port", String(this.port), "--dir", this.folder];
    const safe = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
    const words = ["-c", guard, "sh", ...usual, ...safe, ...this.#settings];
    const child = spawn("sh", words, { stdio: ["pipe", "pipe", "ignore"] });
    this.#guard = child;
    let last = "";
    for await (const line of createInterface(child.stdout)) {
      last = line;
      if (line.startsWith("pid ")) this.#pid = Number(line.slice(4));
      if (line.includes("Ready to accept connections")) {
        child.stdout.resume();
        return;
      }
    }
    throw new Error(`redis-server did not start: ${last}`);
  }

  /** Ends it with SIGKILL. May be repeated. */
  async kill(): Promise<void> {
    const child = this.#guard;
    this.#guard = undefined;
    this.#pid = undefined;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.stdin.end();
    await ended;
  }

  /** Keeps it from answering, with all connections open. */
  freeze(): void {
    process.kill(this.pid, "SIGSTOP");
  }

  thaw(): void {
    process.kill(this.pid, "SIGCONT");
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
