import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourceLimits } from "@persys/core";
import { errnoOf, isGone, processError } from "./process-errors.ts";

/** Where and whether control groups are used. */
export interface CgroupsOptions {
  /** Mount point of the hierarchies. */
  readonly root: string;
  /** Name of the group that ours are made in, in each hierarchy. */
  readonly parent: string;
}

/** A control group made ready for a run. */
export interface CgroupLeaf {
  /** Files into which a process writes its pid to join, one for each hierarchy. */
  readonly procsFiles: readonly string[];
  /** Lists every process of the group. */
  readonly membersFile: string;
  /** Counts the kernel's kills for want of memory in a line `oom_kill N`; empty: none. */
  readonly oomFile: string;
  /** The limits that the group holds; what else is asked for has to be limited in another way. */
  readonly limits: ReadonlySet<keyof ResourceLimits>;
}

/** What a group used since it was made. */
export interface CgroupUsage {
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

/** One controller's hierarchy, or the one of version 2. */
interface Hierarchy {
  readonly controller: string;
  readonly path: string;
}

const v1Controllers = ["pids", "memory", "cpu", "cpuacct"] as const;

/** The period over which the processor's quota is counted: the kernel's own default, microseconds. */
const cpuPeriodUs = 100_000;

/**
 * Control groups under one parent, in version 1 (a hierarchy for each controller) and 2 (one for all). A group holds whatever a process
 * starts, also what leaves its session.
 */
export class Cgroups {
  readonly #parent: string;
  readonly #root: string;
  readonly #version: 1 | 2;
  readonly #hierarchies: readonly Hierarchy[];

  private constructor(options: CgroupsOptions, version: 1 | 2, hierarchies: readonly Hierarchy[]) {
    this.#root = options.root;
    this.#parent = options.parent;
    this.#version = version;
    this.#hierarchies = hierarchies;
  }

  /** The control groups of this host, or undefined where the agent may not make any. Leaves nothing behind. */
  static detect(options: CgroupsOptions): Cgroups | undefined {
    const { root, parent } = options;
    const isV2 = existsSync(join(root, "cgroup.controllers"));
    const hierarchies = isV2
      ? [{ controller: "", path: root }]
      : v1Controllers
          .map((controller) => ({ controller, path: join(root, controller) }))
          .filter((it) => existsSync(join(it.path, "cgroup.procs")));
    const usable = hierarchies.filter((it) => canMakeIn(join(it.path, parent)));
    if (!usable.some((it) => it.controller === "pids" || isV2)) return undefined;
    return new Cgroups(options, isV2 ? 2 : 1, usable);
  }

  /** `cgroup v1` or `cgroup v2`. */
  get name(): string {
    return `cgroup v${this.#version}`;
  }

  /** Makes the group, or takes the one that is there, and sets its limits. @throws {AgentError} when a limit is refused. */
  prepare(name: string, limits: ResourceLimits): CgroupLeaf {
    try {
      if (this.#version === 2) this.#enableControllers();
      for (const path of this.#paths(name)) mkdirSync(path, { recursive: true });
      return {
        procsFiles: this.#paths(name).map((it) => join(it, "cgroup.procs")),
        membersFile: this.#membersFile(name),
        oomFile: this.#oomFile(name),
        limits: this.#version === 2 ? this.#limitV2(name, limits) : this.#limitV1(name, limits),
      };
    } catch (error) {
      throw processError(error, `make the control group ${this.#parent}/${name}`);
    }
  }

  /** The processes in the group; none when there is no such group. */
  members(name: string): readonly number[] {
    const text = readOr(this.#membersFile(name), "");
    return text.split("\n").filter(Boolean).map(Number);
  }

  /** Removes the group, which has no members any more; missing is fine. @throws the system's error while it has. */
  remove(name: string): void {
    for (const path of this.#paths(name)) removeGroup(path);
    for (const { path } of this.#hierarchies) {
      try {
        removeGroup(join(path, this.#parent));
      } catch (error) {
        // Others are in it.
        if (errnoOf(error) !== "EBUSY" && errnoOf(error) !== "ENOTEMPTY") throw error;
      }
    }
  }

  /** What the group used; undefined when there is no such group. */
  usage(name: string): CgroupUsage | undefined {
    if (this.#version === 2) {
      const cpu = readOr(join(this.#path("", name), "cpu.stat"), "");
      const memory = readOr(join(this.#path("", name), "memory.current"), "");
      if (cpu === "" || memory === "") return undefined;
      return { cpuMs: valueOf(cpu, "usage_usec") / 1e3, memoryBytes: Number(memory) };
    }
    const cpuNs = readOr(join(this.#path("cpuacct", name), "cpuacct.usage"), "");
    const memory = readOr(join(this.#path("memory", name), "memory.usage_in_bytes"), "");
    if (cpuNs === "" || memory === "") return undefined;
    return { cpuMs: Number(cpuNs) / 1e6, memoryBytes: Number(memory) };
  }

  #path(controller: string, name: string): string {
    return join(this.#root, this.#version === 2 ? "" : controller, this.#parent, name);
  }

  #paths(name: string): readonly string[] {
    return this.#hierarchies.map((it) => this.#path(it.controller, name));
  }

  #membersFile(name: string): string {
    return join(this.#path("pids", name), "cgroup.procs");
  }

  #oomFile(name: string): string {
    const file = this.#version === 2 ? "memory.events" : "memory.oom_control";
    const path = join(this.#path("memory", name), file);
    return existsSync(path) ? path : "";
  }

  /** Best effort: a controller that cannot be had shows in the limits that the group does not hold. */
  #enableControllers(): void {
    mkdirSync(join(this.#root, this.#parent), { recursive: true });
    for (const path of [this.#root, join(this.#root, this.#parent)])
      for (const controller of ["cpu", "memory", "pids"])
        writeIfTaken(join(path, "cgroup.subtree_control"), `+${controller}`);
  }

  #limitV1(name: string, limits: ResourceLimits): ReadonlySet<keyof ResourceLimits> {
    const quota = limits.cpuMillicores && Math.round((limits.cpuMillicores * cpuPeriodUs) / 1000);
    const memory = this.#path("memory", name);
    const cpu = this.#path("cpu", name);
    return held([
      ["memoryBytes", join(memory, "memory.limit_in_bytes"), limits.memoryBytes],
      ["memorySwapBytes", join(memory, "memory.memsw.limit_in_bytes"), limits.memorySwapBytes],
      ["cpuShares", join(cpu, "cpu.shares"), limits.cpuShares],
      ["cpuMillicores", join(cpu, "cpu.cfs_quota_us"), quota],
      ["pidsLimit", join(this.#path("pids", name), "pids.max"), limits.pidsLimit],
    ]);
  }

  #limitV2(name: string, limits: ResourceLimits): ReadonlySet<keyof ResourceLimits> {
    const path = this.#path("", name);
    const quota = limits.cpuMillicores && Math.round((limits.cpuMillicores * cpuPeriodUs) / 1000);
    // Version 2 counts swap by itself, and weights from 1 to 10000 around 100; the mapping is the one that systemd and runc use.
    const swap = limits.memorySwapBytes && limits.memorySwapBytes - (limits.memoryBytes ?? 0);
    const weight = limits.cpuShares && 1 + Math.floor(((limits.cpuShares - 2) * 9999) / 262_142);
    return held([
      ["memoryBytes", join(path, "memory.max"), limits.memoryBytes],
      ["memorySwapBytes", join(path, "memory.swap.max"), swap],
      ["cpuShares", join(path, "cpu.weight"), weight],
      ["cpuMillicores", join(path, "cpu.max"), quota && `${quota} ${cpuPeriodUs}`],
      ["pidsLimit", join(path, "pids.max"), limits.pidsLimit],
    ]);
  }
}

type Setting = readonly [
  limit: keyof ResourceLimits,
  path: string,
  value: number | string | undefined,
];

/** Sets each limit that is asked for and whose file exists; which those were. */
function held(settings: readonly Setting[]): ReadonlySet<keyof ResourceLimits> {
  const limits = new Set<keyof ResourceLimits>();
  for (const [limit, path, value] of settings) {
    if (value === undefined || value === "" || !existsSync(path)) continue;
    if (limit !== "memorySwapBytes" && value === 0) continue;
    writeFileSync(path, String(value));
    limits.add(limit);
  }
  return limits;
}

function canMakeIn(path: string): boolean {
  const probe = join(path, `probe-${process.pid}`);
  // Another agent may take an empty parent away between two steps.
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      mkdirSync(probe, { recursive: true });
      rmdirSync(probe);
      removeGroup(path);
      return true;
    } catch (error) {
      // The parent was there before and has other groups.
      if (errnoOf(error) === "EBUSY" || errnoOf(error) === "ENOTEMPTY") return true;
      if (!isGone(error)) return false;
    }
  }
  return false;
}

function removeGroup(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function writeIfTaken(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (isGone(error) || errnoOf(error) === "ENODEV") return fallback;
    throw error;
  }
}

function valueOf(text: string, key: string): number {
  for (const line of text.split("\n")) {
    const [name, value] = line.split(" ");
    if (name === key) return Number(value);
  }
  return 0;
}
