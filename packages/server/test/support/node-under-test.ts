import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { AgentClient } from "@persys/client";
import { createNodeAgentClient } from "@persys/client/node";
import {
  ActualState,
  type ApplyWorkloadRequest,
  ApplyWorkloadRequestSchema,
  type ApplyWorkloadResponse,
  DesiredState,
  type WorkloadSpecSchema,
  type WorkloadStatus,
} from "@persys/transports/gen";
import { afterAll, expect } from "vitest";
import type { Until } from "../../../../test/until-suite-ends.ts";
import { AgentProcess } from "./agent-process.ts";
import { endSessionsOf } from "./end-sessions.ts";
import { tempFolder } from "./temp-folder.ts";

/** What a process workload of a test does. */
export interface ShellWorkload {
  /** Run by `/bin/sh -c`. */
  readonly script: string;
  readonly revisionId?: string;
  readonly policy?: string;
  readonly maxRetryCount?: number;
  readonly desired?: "running" | "stopped";
  readonly env?: Readonly<Record<string, string>>;
  readonly stopGraceSeconds?: number;
}

/** How a spec is applied. */
export interface SpecApply {
  readonly revisionId?: string;
  readonly desired?: "running" | "stopped";
  readonly validateOnly?: boolean;
}

/** A spec of any type, as clients send it. */
type SpecInit = MessageInitShape<typeof WorkloadSpecSchema>;

const shortTimes = { PERSYS_SETTLE_TIME: "500ms", PERSYS_BACKOFF_BASE: "100ms" } as const;

/** A running agent with a client, made for short tests: it settles in half a second and backs off from a tenth on. */
export class NodeUnderTest {
  readonly folder: string;
  agent: AgentProcess;
  client: AgentClient;
  readonly #env: Readonly<Record<string, string>>;
  #ids = 0;

  private constructor(
    agent: AgentProcess,
    client: AgentClient,
    env: Record<string, string>,
    folder: string = tempFolder(),
  ) {
    this.folder = folder;
    this.agent = agent;
    this.client = client;
    this.#env = env;
  }

  /** `devDir`: the folder of its development profile; a new one where none is given. */
  static async start(env: Record<string, string> = {}, devDir?: string): Promise<NodeUnderTest> {
    const all = { ...shortTimes, ...env };
    const agent = AgentProcess.start({ env: all, ...(devDir === undefined ? {} : { devDir }) });
    return new NodeUnderTest(agent, await clientOf(agent), all);
  }

  /**
   * One for all tests of a file, which ends after the last of them. Each test has ids of its own there, see {@link newId}. Called while the file is
   * collected: `const node = await NodeUnderTest.ofFile();`; before all of its tests with {@link untilSuiteEnds}. `devDir` is removed afterwards.
   */
  static async ofFile(
    env: Record<string, string> = {},
    devDir: string = mkdtempSync(join(tmpdir(), "persys-server-")),
    until: Until = afterAll,
  ): Promise<NodeUnderTest> {
    const all = { ...shortTimes, ...env };
    const agent = AgentProcess.start({ env: all, devDir, endWithTest: false });
    const client = clientOf(agent);
    until(async () => {
      await agent.kill("SIGKILL");
      await endSessionsOf(devDir);
      rmSync(devDir, { recursive: true, force: true });
    });
    return new NodeUnderTest(agent, await client, all, devDir);
  }

  /** An id that no other test of the file has. */
  newId(name: string): string {
    this.#ids += 1;
    return `${name}-${this.#ids}`;
  }

  /** Kills the agent, or asks it to end, and starts another in its place. */
  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.agent.kill(signal);
    this.agent = AgentProcess.start({ devDir: this.agent.devDir, env: this.#env });
    this.client = await clientOf(this.agent);
  }

  async apply(id: string, workload: ShellWorkload): Promise<ApplyWorkloadResponse> {
    return this.client.applyWorkload(applyOf(id, workload));
  }

  /** Applies a spec of any type, as clients send it. */
  async applySpec(
    id: string,
    spec: SpecInit,
    options: SpecApply = {},
  ): Promise<ApplyWorkloadResponse> {
    const { revisionId = "", desired = "running", validateOnly = false } = options;
    const desiredState = desired === "running" ? DesiredState.RUNNING : DesiredState.STOPPED;
    return this.client.applyWorkload(
      create(ApplyWorkloadRequestSchema, { id, revisionId, desiredState, validateOnly, spec }),
    );
  }

  /** Changes only the wanted state. */
  async want(id: string, desired: "running" | "stopped"): Promise<void> {
    const desiredState = desired === "running" ? DesiredState.RUNNING : DesiredState.STOPPED;
    await this.client.applyWorkload({ id, desiredState });
  }

  async status(id: string): Promise<WorkloadStatus> {
    const { status } = await this.client.getWorkloadStatus({ id });
    if (status === undefined) throw new Error("an answer without a status");
    return status;
  }

  /** The state's name, without its prefix; `absent` when there is no such workload. */
  async state(id: string): Promise<string> {
    const { workloads } = await this.client.listWorkloads({});
    const status = workloads.find((it) => it.id === id);
    return status === undefined ? "absent" : stateName(status.actualState);
  }

  /** Waits until the workload is in the state. */
  async reaches(id: string, state: string): Promise<void> {
    await expect.poll(() => this.state(id), { timeout: 20_000, interval: 20 }).toBe(state);
  }

  /** The process id of the current instance; 0 when none runs. */
  async pid(id: string): Promise<number> {
    return Number((await this.status(id)).metadata["process.pid"] ?? 0);
  }

  /** A file for a workload to write to. */
  file(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** The lines a workload wrote to a file of the test. */
  lines(name: string): readonly string[] {
    const path = this.file(name);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
  }

  /** Writes a line to a file of the test. */
  append(name: string, line: string): void {
    appendFileSync(this.file(name), `${line}\n`);
  }
}

/** The request that applies a shell script. */
export function applyOf(id: string, workload: ShellWorkload): ApplyWorkloadRequest {
  const { script, revisionId = "", policy, maxRetryCount = 0, desired = "running" } = workload;
  return create(ApplyWorkloadRequestSchema, {
    id,
    revisionId,
    desiredState: desired === "running" ? 1 : 2,
    spec: {
      spec: {
        case: "process",
        value: {
          command: ["/bin/sh"],
          args: ["-c", script],
          env: { ...workload.env },
          ...(policy === undefined ? {} : { restartPolicy: { policy, maxRetryCount } }),
          ...(workload.stopGraceSeconds === undefined
            ? {}
            : { stopGraceSeconds: workload.stopGraceSeconds }),
        },
      },
    },
  });
}

/** `RUNNING` for ActualState.RUNNING. */
export function stateName(state: ActualState): string {
  const entry = Object.entries(ActualState).find(([, value]) => value === state);
  return entry?.[0] ?? String(state);
}

async function clientOf(agent: AgentProcess): Promise<AgentClient> {
  const { http } = await agent.waitReady();
  return createNodeAgentClient({ baseUrl: http, token: agent.token() });
}
