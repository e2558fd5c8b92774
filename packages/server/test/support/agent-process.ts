import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Endpoints } from "../../src/dev-profile/endpoints-file.ts";
import { endSessionsOf } from "./end-sessions.ts";
import { tempFolder } from "./temp-folder.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** How an agent is started. */
export interface AgentStart {
  /** The folder of its development profile. Default: a new one, that goes with the test. */
  readonly devDir?: string;
  /** Its environment, besides PATH, HOME, PERSYS_DEV_DIR, any free ports, and no containers. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments. Default: `--dev`. */
  readonly args?: readonly string[];
  /** Words that its command begins with, such as those of a network of its own. */
  readonly wrapper?: readonly string[];
  /** Ends the agent and its workloads with the test. Default true. */
  readonly endWithTest?: boolean;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A real agent in a process of its own, started from the sources.
 *
 *     const agent = AgentProcess.start();
 *     const { http } = await agent.waitReady();
 *     ... fetch(`${http}/persys.agent.v1.AgentService/ListWorkloads`, { headers: { authorization: `Bearer ${agent.token()}` }, ... })
 *     await agent.kill("SIGKILL");
 *     const again = AgentProcess.start({ devDir: agent.devDir });
 */
export class AgentProcess {
  readonly devDir: string;
  /** Lines of its standard error stream: its log, JSON. Grows. */
  readonly stderr: string[] = [];
  /** Lines of its standard output. Grows. */
  readonly stdout: string[] = [];
  /** Resolves when it has ended and all its output has been read. */
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #serving: Promise<void>;

  private constructor(devDir: string, child: ChildProcess) {
    this.devDir = devDir;
    this.#child = child;
    const serving = Promise.withResolvers<void>();
    this.#serving = serving.promise;
    collectLines(child.stdout, (line) => this.stdout.push(line));
    collectLines(child.stderr, (line) => {
      this.stderr.push(line);
      if (line.includes('"msg":"serving"')) serving.resolve();
    });
    this.exit = once(child, "close").then(
      ([code, signal]: readonly unknown[]): Exit => ({
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
      }),
    );
  }

  /** Starts one. It need not be ready yet, nor ever become so. */
  static start(options: AgentStart = {}): AgentProcess {
    const { devDir = tempFolder(), env = {}, args = ["--dev"], endWithTest = true } = options;
    const node = [process.execPath, "--conditions=@persys/source", main, ...args];
    const [command = "", ...words] = [...(options.wrapper ?? []), ...node];
    const child = spawn(command, words, {
      cwd: devDir,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        PERSYS_DEV_DIR: devDir,
        PERSYS_HTTP_PORT: "0",
        PERSYS_GRPC_PORT: "0",
        PERSYS_METRICS_PORT: "0",
        PERSYS_LOG_FORMAT: "json",
        PERSYS_DOCKER_ENABLED: "false",
        PERSYS_VM_ENABLED: "false",
        ...env,
      },
    });
    const agent = new AgentProcess(devDir, child);
    if (endWithTest) {
      onTestFinished(async () => {
        await agent.kill("SIGKILL");
        await endSessionsOf(devDir);
      });
    }
    return agent;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the agent could not be started");
    return this.#child.pid;
  }

  /** Whether its process has not ended yet. */
  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves once it serves, with where. Rejects with all it said when it ends before, or takes longer than `timeoutMs`. */
  async waitReady(timeoutMs = 30_000): Promise<Endpoints> {
    const cut = Promise.withResolvers<never>();
    const timer = setTimeout(() => cut.reject(this.#complaint("did not serve in time")), timeoutMs);
    const ended = this.exit.then(({ code, signal }) => {
      throw this.#complaint(`ended with ${code ?? signal} before it served`);
    });
    try {
      await Promise.race([this.#serving, cut.promise, ended]);
    } finally {
      clearTimeout(timer);
    }
    return this.endpoints();
  }

  /** What endpoints.json says. */
  endpoints(): Endpoints {
    return JSON.parse(readFileSync(`${this.devDir}/endpoints.json`, "utf8")) as Endpoints;
  }

  /** The bearer token. */
  token(): string {
    return readFileSync(`${this.devDir}/token`, "utf8").trim();
  }

  /** Sends the signal and waits for its end. May be repeated. */
  async kill(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    if (this.running) this.#child.kill(signal);
    return this.exit;
  }

  /** The messages of its log, in order. */
  messages(): readonly string[] {
    return this.stderr.flatMap((line) => {
      if (!line.startsWith("{")) return [line];
      const { msg } = JSON.parse(line) as { readonly msg?: string };
      return msg === undefined ? [] : [msg];
    });
  }

  #complaint(what: string): Error {
    return new Error(`the agent ${what}:\n${[...this.stdout, ...this.stderr].join("\n")}`);
  }
}

function collectLines(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on("line", take);
}
