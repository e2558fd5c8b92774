import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Action, Json, WorkloadStatus } from "@persys/core";
import { onTestFinished } from "vitest";
import { ProcessHarness } from "../process-harness.ts";

/** Agents begin one after the other, by the hundred: what one has compiled the next need not. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") };

const program = fileURLToPath(new URL("mortal-agent.ts", import.meta.url));

/** What a client asks of an agent. */
export type Asked =
  | {
      readonly kind: "apply";
      readonly id: string;
      readonly revisionId: string;
      readonly spec: Json;
    }
  | { readonly kind: "want"; readonly id: string; readonly desired: "running" | "stopped" }
  | { readonly kind: "delete"; readonly id: string };

/** What an agent process is to do. */
export interface AgentTask {
  readonly nodeId: string;
  readonly root: string;
  readonly state: string;
  readonly journal: string;
  /** The number of the point at which it kills itself, from 1 on; 0: none. */
  readonly dieAt: number;
  readonly ask: readonly Asked[];
}

/** What an agent process says at its end. */
export interface Told {
  readonly isAtRest: boolean;
  readonly statuses: readonly WorkloadStatus[];
  readonly actions: readonly Action[];
}

/** What came of one agent process. */
export interface AgentLife {
  /** Undefined where it was killed. */
  readonly told: Told | undefined;
  /** Changing calls in order, and where it died: `start web r1`, `dies after start web r1`. */
  readonly journal: readonly string[];
  /** How many of the requests were answered. */
  readonly answered: number;
}

/** A node on which agents run as processes of their own, one after the other: a state folder, a folder of instances, the host's processes. */
export class CrashNode {
  readonly host: ProcessHarness = new ProcessHarness();
  readonly #folder: string = mkdtempSync(join(tmpdir(), "persys-crash-"));

  /** Everything of it goes with the test. */
  constructor() {
    onTestFinished(() => this.close());
  }

  /** Runs an agent until it has done what it is asked, or has killed itself. @throws {Error} when it ends in another way. */
  async live(ask: readonly Asked[], dieAt = 0): Promise<AgentLife> {
    const journal = join(this.#folder, "journal");
    writeFileSync(journal, "");
    const { nodeId, root } = this.host;
    const task: AgentTask = {
      nodeId,
      root,
      state: join(this.#folder, "state"),
      journal,
      dieAt,
      ask,
    };
    const child = spawn(
      process.execPath,
      ["--conditions=@persys/source", program, JSON.stringify(task)],
      { stdio: ["ignore", "pipe", "inherit"], env },
    );
    const said = text(child.stdout);
    await once(child, "exit");
    if (child.exitCode !== 0 && child.signalCode !== "SIGKILL")
      throw new Error(`the agent ended with ${child.exitCode ?? child.signalCode}`);
    const lines = readFileSync(journal, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    const isAnswer = (line: string): boolean => line.startsWith("answered ");
    return {
      told: child.exitCode === 0 ? (JSON.parse(await said) as Told) : undefined,
      journal: lines.filter((line) => !isAnswer(line)),
      answered: lines.filter(isAnswer).length,
    };
  }

  /** Ends and removes what is left. May be repeated. */
  async close(): Promise<void> {
    if (!existsSync(this.host.root)) return;
    await this.host.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
