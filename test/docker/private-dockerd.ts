import { execFile } from "node:child_process";
import { createReadStream, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { finished } from "./docker-answers.ts";
import { dockerAt, dockerHost } from "./docker-host.ts";

const testHost = fileURLToPath(new URL("../../scripts/test-host", import.meta.url));
const run = promisify(execFile);

/** How long dockerd may take to end: it gives its containers 15 s. */
const endsWithinMs = 30_000;

/**
 * A Docker engine of one test alone, for what nobody may do to the shared one: it has a folder, a network and containers of its own, and the
 * images of the tests.
 */
export class PrivateDockerd {
  /** Short: the path of a socket has at most 107 bytes. */
  readonly root: string;
  readonly endpoint: string;
  readonly docker: Docker;

  private constructor(root: string) {
    this.root = root;
    this.endpoint = `unix://${join(root, "s")}`;
    this.docker = dockerAt(this.endpoint);
  }

  /** A running engine. Should this process end without {@link dispose}, the next `scripts/test-host up` or `down` removes it. */
  static async start(): Promise<PrivateDockerd> {
    const engine = new PrivateDockerd(mkdtempSync("/tmp/persys-dockerd-"));
    try {
      await engine.up();
      const images = createReadStream(dockerHost().imagesFile);
      await finished(await engine.docker.loadImage(images, { quiet: true }));
      return engine;
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  /**
   * Starts it again after {@link stop} or {@link kill}; resolves once it answers. After a kill it first ends the containers that run on, paused
   * ones too, each within its stop timeout (seen with 20.10: those that handle SIGTERM have their own exit code, the others 137).
   */
  async up(): Promise<void> {
    await run(testHost, ["dockerd-up", this.root, String(process.pid)]);
  }

  /** Ends it in good order; containers are stopped by that. */
  async stop(): Promise<void> {
    await this.#signal("SIGTERM");
  }

  /** Ends it at once, and with it the proxies of published ports; what runs in containers goes on. */
  async kill(): Promise<void> {
    await this.#signal("SIGKILL");
  }

  /** Keeps it from answering, with all connections open. Resolves once it does nothing more. */
  async freeze(): Promise<void> {
    const pid = this.#pid();
    process.kill(pid, "SIGSTOP");
    await within(endsWithinMs, () => threadsOf(pid).every((state) => state === "T"));
  }

  thaw(): void {
    process.kill(this.#pid(), "SIGCONT");
  }

  /** Ends it and removes all it has on the machine. */
  async dispose(): Promise<void> {
    await run(testHost, ["dockerd-down", this.root]);
  }

  #pid(): number {
    return Number(readFileSync(join(this.root, "pid"), "utf8"));
  }

  async #signal(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const pid = this.#pid();
    process.kill(pid, signal);
    await within(endsWithinMs, () => !isRunning(pid));
  }
}

/** Whether a process runs; one that has ended counts no more, also before its parent has noticed. */
export function isRunning(pid: number): boolean {
  try {
    return /^[^ZX]$/.test(stateIn(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

function threadsOf(pid: number): readonly string[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.map((it) => stateIn(`/proc/${pid}/task/${it}/status`));
}

/** The letter for a state, as `ps` shows it. */
function stateIn(statusFile: string): string {
  return (
    /^State:\s+(?<letter>\S)/m.exec(readFileSync(statusFile, "utf8"))?.groups?.["letter"] ?? ""
  );
}

async function within(ms: number, isSo: () => boolean): Promise<void> {
  const giveUpAtMs = performance.now() + ms;
  while (!isSo()) {
    if (performance.now() > giveUpAtMs) throw new Error(`not so within ${ms} ms: ${String(isSo)}`);
    await pause(10);
  }
}
