import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type AgentClient, waitUntilGone } from "@persys/client";
import { createNodeAgentClient } from "@persys/client/node";
import { DesiredState } from "@persys/transports/gen";
import { eventually } from "./stopwatch.ts";

const main = join(import.meta.dirname, "..", "packages", "server", "src", "main.ts");

/** Takes whatever it is sent, which costs its own process next to nothing. */
export class Receiver {
  /** Bytes that it was sent. */
  bytes = 0;
  readonly #server: Server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => (this.bytes += chunk.length));
    request.on("end", () => response.end());
  });

  /** Begins to listen. @returns where. */
  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** A whole agent in a process of its own, which runs processes. */
export class BenchAgent {
  readonly #folder: string;
  readonly #child: ChildProcess;
  #client: AgentClient | undefined;
  #metrics = "";
  #serial = 0;

  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#child = spawn(process.execPath, ["--conditions=@persys/source", main, "--dev"], {
      cwd: folder,
      stdio: "ignore",
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        PERSYS_DEV_DIR: folder,
        PERSYS_HTTP_PORT: "0",
        PERSYS_GRPC_PORT: "0",
        PERSYS_METRICS_PORT: "0",
        PERSYS_DOCKER_ENABLED: "false",
        PERSYS_SETTLE_TIME: "100ms",
        ...env,
      },
    });
  }

  /** Resolves once it serves. */
  async ready(): Promise<void> {
    const file = join(this.#folder, "endpoints.json");
    await eventually("an agent serves", () => existsSync(file), 50);
    const { http, metrics } = JSON.parse(readFileSync(file, "utf8")) as {
      readonly http: string;
      readonly metrics: string;
    };
    const token = readFileSync(join(this.#folder, "token"), "utf8").trim();
    this.#metrics = metrics;
    this.#client = createNodeAgentClient({ baseUrl: http, token });
  }

  /** The processor time that it has used so far, in milliseconds, without that of its workloads. */
  cpuMs(): number {
    const tasks = `/proc/${this.#child.pid ?? 0}/task`;
    const ns = readdirSync(tasks).map((task) => {
      const [onCpu = "0"] = readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ");
      return Number(onCpu);
    });
    return ns.reduce((sum, one) => sum + one, 0) / 1e6;
  }

  /** Runs `count` processes, `atOnce` at a time, each from its apply to the end of its deletion. */
  async lives(count: number, atOnce: number): Promise<void> {
    let left = count;
    const caller = async (): Promise<void> => {
      for (; left > 0; ) {
        left -= 1;
        await this.#life();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, caller));
  }

  /** Reads the metrics, as Prometheus does. */
  async scrape(): Promise<void> {
    await (await fetch(`${this.#metrics}/metrics`)).text();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }

  async #life(): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new Error("the agent does not serve yet");
    this.#serial += 1;
    const id = `bench-${this.#serial}`;
    const value = { command: ["sleep", "600"], stopGraceSeconds: 1 };
    await client.applyWorkload({
      id,
      desiredState: DesiredState.RUNNING,
      spec: { spec: { case: "process", value } },
      wait: true,
    });
    await client.deleteWorkload({ id });
    await waitUntilGone(client, id);
  }
}
