import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessRuntime, type ProcessRuntimeOptions } from "@persys/adapters/process";
import {
  currentInstance,
  type Instance,
  type Json,
  type LogOptions,
  type Observation,
} from "@persys/core";
import { eventually, forever, idOf, textOf } from "../support/runtime-calls.ts";

/** Whether the tests may change users and make control groups. */
export const isRoot: boolean = process.geteuid?.() === 0;

/** A runtime over a folder of its own, and the means to see what it does to the host. */
export class ProcessHarness {
  readonly root: string = mkdtempSync(join(tmpdir(), "persys-process-"));
  readonly nodeId: string = `test-${randomUUID()}`;
  /** In the environment of every program started through {@link spec}, so that the host can be searched for them. */
  readonly mark: string = `mark-${randomUUID()}`;
  readonly #options: Partial<ProcessRuntimeOptions>;
  runtime: ProcessRuntime;

  constructor(options: Partial<ProcessRuntimeOptions> = {}) {
    this.#options = options;
    this.runtime = this.another();
  }

  /** A runtime as another agent over the same folder would have it. */
  another(options: Partial<ProcessRuntimeOptions> = {}): ProcessRuntime {
    return new ProcessRuntime({
      root: this.root,
      nodeId: this.nodeId,
      ...this.#options,
      ...options,
    });
  }

  /** A spec whose program is a shell script. */
  script(text: string, more: { readonly [key: string]: Json } = {}): Json {
    const { env, ...rest } = more;
    return { command: ["/bin/sh", "-c", text], env: { MARK: this.mark, ...Object(env) }, ...rest };
  }

  /** A spec whose program sleeps, under a command line of its own. */
  static longRunning(mark: string, name: string): Json {
    return { command: ["/bin/sh", "-c", "exec sleep 1000", name], env: { MARK: mark } };
  }

  async observe(id: string): Promise<Observation> {
    return this.runtime.observe(idOf(id), forever);
  }

  /** The current instance. @throws when there is none. */
  async current(id: string): Promise<Instance> {
    const instance = currentInstance(await this.observe(id));
    if (instance === undefined) throw new Error(`no current instance of ${id}`);
    return instance;
  }

  /** The current instance, once its run has ended. */
  async ended(id: string): Promise<Instance> {
    await eventually(async () => (await this.current(id)).state === "exited");
    return this.current(id);
  }

  async pid(id: string): Promise<number> {
    const pid = Number((await this.current(id)).facts["process.pid"]);
    if (!Number.isInteger(pid)) throw new Error(`${id} has no process`);
    return pid;
  }

  folder(id: string, slot = "current"): string {
    return join(this.root, `${id}@${slot}`);
  }

  /** All that is in the logs now. */
  async output(id: string, options: LogOptions = { follow: false }): Promise<string> {
    let text = "";
    for await (const chunk of this.runtime.logs(idOf(id), options, forever)) text += textOf(chunk);
    return text;
  }

  /** What there is of ours on the host: processes, folders, control groups. */
  census(): readonly string[] {
    const folders = readdirSync(this.root).filter((it) => !it.startsWith("supervisor-"));
    return [...this.programs().map((it) => `process ${it}`), ...folders, ...this.#groups()];
  }

  /** Removes the control group of an instance that is gone, and that of the node where it was the last. */
  removeGroup(handle: string): void {
    for (const group of this.#groups()) {
      for (const folder of [join(group, handle), group])
        if (existsSync(folder) && !hasGroups(folder)) rmdirSync(folder);
    }
  }

  #groups(): readonly string[] {
    const group = `persys-${this.nodeId}`;
    return ["pids", "memory", "cpu", "cpuacct", "unified", "."]
      .map((it) => join("/sys/fs/cgroup", it, group))
      .filter((it) => existsSync(it));
  }

  /** Pids of all processes, supervisors and log writers included, that carry the mark. */
  programs(isCounted: (commandLine: string) => boolean = () => true): readonly number[] {
    return readdirSync("/proc")
      .filter((it) => /^\d+$/.test(it))
      .filter((it) => {
        try {
          return (
            readFileSync(`/proc/${it}/environ`, "latin1").includes(this.mark) &&
            isCounted(readFileSync(`/proc/${it}/cmdline`, "latin1"))
          );
        } catch {
          return false; // It has ended meanwhile.
        }
      })
      .map(Number);
  }

  /** The command lines of those programs, arguments separated by spaces, in order. */
  commandLines(): readonly string[] {
    const lines: string[] = [];
    this.programs((line) => {
      lines.push(line.replaceAll("\0", " ").trim());
      return true;
    });
    return lines.toSorted();
  }

  /** Kills processes of ours, as {@link programs} finds them; those that end at this moment are fine. */
  kill(isMeant?: (commandLine: string) => boolean): void {
    for (const pid of this.programs(isMeant)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
      }
    }
  }

  /** Removes every workload, and whatever else a test has left. */
  async close(): Promise<void> {
    for (const id of (await this.runtime.list(forever)).keys())
      await this.runtime.remove(id, forever);
    this.kill();
    rmSync(this.root, { recursive: true, force: true });
  }
}

function hasGroups(group: string): boolean {
  return readdirSync(group, { withFileTypes: true }).some((it) => it.isDirectory());
}

/** The pid of the supervisor of a process: the parent that is not the agent's. */
export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Whether a process runs, zombies not counted. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false;
  }
}
