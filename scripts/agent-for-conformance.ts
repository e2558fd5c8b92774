import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeAgentClient } from "@persys/client/node";
import { waitUntilGone } from "@persys/client";

/** How long an agent may take to serve, and to end. In milliseconds. */
const patienceMs = 30_000;

/** A real agent in a process and a folder of its own, to be judged. */
export class AgentUnderTest {
  /** Where it serves Connect and gRPC-Web. */
  readonly httpEndpoint: string;
  /** Where it serves gRPC. */
  readonly grpcEndpoint: string;
  readonly tokenFile: string;
  readonly #devDir: string;
  readonly #child: ChildProcess;

  private constructor(devDir: string, child: ChildProcess) {
    const { http, grpc } = JSON.parse(readFileSync(join(devDir, "endpoints.json"), "utf8")) as {
      readonly http: string;
      readonly grpc: string;
    };
    this.#devDir = devDir;
    this.#child = child;
    this.httpEndpoint = http;
    this.grpcEndpoint = `http://${grpc}`;
    this.tokenFile = join(devDir, "token");
  }

  /** Starts one from the sources. @throws when it does not serve in time, with what it said. */
  static async start(): Promise<AgentUnderTest> {
    const devDir = mkdtempSync(join(tmpdir(), "persys-judged-"));
    const args = ["--conditions=@persys/source", "packages/server/src/main.ts", "--dev"];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: devDir,
        PERSYS_DEV_DIR: devDir,
        PERSYS_HTTP_PORT: "0",
        PERSYS_GRPC_PORT: "0",
        PERSYS_METRICS_PORT: "0",
        PERSYS_LOG_FORMAT: "json",
        PERSYS_DOCKER_ENABLED: "false",
      },
    });
    const serving = Promise.withResolvers<void>();
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      // What it says while it is judged is of no interest; the pipe is to be emptied all the same.
      if (said.length < 100_000) said += text;
      if (said.includes('"msg":"serving"')) serving.resolve();
    });
    const fail = (how: string): void => serving.reject(new Error(`the agent ${how}:\n${said}`));
    child.once("exit", () => fail("ended before it served"));
    const timer = setTimeout(() => fail("did not serve in time"), patienceMs);
    try {
      await serving.promise;
      return new AgentUnderTest(devDir, child);
    } catch (error) {
      child.kill("SIGKILL");
      rmSync(devDir, { recursive: true, force: true });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Deletes whatever a judgement has left on it and ends it. */
  async stop(): Promise<void> {
    try {
      await this.#clear();
    } finally {
      if (this.#child.exitCode === null && this.#child.signalCode === null) {
        const ended = once(this.#child, "exit");
        this.#child.kill("SIGTERM");
        await ended;
      }
      rmSync(this.#devDir, { recursive: true, force: true });
    }
  }

  async #clear(): Promise<void> {
    const token = readFileSync(this.tokenFile, "utf8").trim();
    const client = createNodeAgentClient({ baseUrl: this.httpEndpoint, token });
    const { workloads } = await client.listWorkloads({});
    await Promise.all(workloads.map(({ id }) => client.deleteWorkload({ id })));
    for (const { id } of workloads) await waitUntilGone(client, id, { timeoutMs: patienceMs });
  }
}
