import { readFileSync } from "node:fs";
import type { UsageSnapshot, WorkloadId } from "@persys/core";
import type { Cgroups } from "./cgroups.ts";
import { errnoOf, isGone } from "./process-errors.ts";
import { familyOf, type ProcessStat, readAllStats } from "./process-table.ts";
import type { InstanceContent } from "./instance-observation.ts";

/** The unit of times in /proc: sysconf(_SC_CLK_TCK), 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
/** The unit of memory in `/proc/pid/stat`. */
const pageBytes = 4096;

interface Counters {
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly pids: readonly number[];
  readonly source: string;
}

interface Sample {
  readonly run: string;
  readonly cpuMs: number;
  readonly atMs: number;
}

/**
 * What processes have read from or written to disks; a process counts its children once it has waited for them. Those that the agent may not
 * look into count nothing.
 */
function sumOfIo(pids: readonly number[], key: string): number {
  let sum = 0;
  for (const pid of pids) sum += readIo(pid).get(key) ?? 0;
  return sum;
}

function readIo(pid: number): ReadonlyMap<string, number> {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/io`, "latin1");
  } catch (error) {
    if (isGone(error) || errnoOf(error) === "EACCES") return new Map();
    throw error;
  }
  const entries = text.split("\n").map((line) => line.split(": "));
  return new Map(entries.map(([name = "", value]) => [name, Number(value)]));
}

/** Measures what workloads use. The processor's share is that since the measurement before, or since the start of the run. Networks
 * are not measured: a process has no interface of its own. */
export class UsageMeter {
  readonly #cgroups: Cgroups | undefined;
  readonly #samples = new Map<WorkloadId, Sample>();

  constructor(cgroups: Cgroups | undefined) {
    this.#cgroups = cgroups;
  }

  /** A snapshot of each workload that runs. */
  async measure(
    running: ReadonlyMap<WorkloadId, InstanceContent>,
  ): Promise<ReadonlyMap<WorkloadId, UsageSnapshot>> {
    const usages = new Map<WorkloadId, UsageSnapshot>();
    let stats: readonly ProcessStat[] | undefined;
    for (const [id, content] of running) {
      let counters = this.#ofGroup(content);
      if (counters === undefined) {
        stats ??= await readAllStats();
        counters = ofFamily(content, stats);
      }
      if (counters !== undefined) usages.set(id, this.#snapshot(id, content, counters));
    }
    return usages;
  }

  #ofGroup(content: InstanceContent): Counters | undefined {
    const usage = this.#cgroups?.usage(content.meta.handle);
    if (usage === undefined) return undefined;
    const pids = this.#cgroups?.members(content.meta.handle) ?? [];
    return { ...usage, pids, source: "cgroup" };
  }

  #snapshot(id: WorkloadId, content: InstanceContent, counters: Counters): UsageSnapshot {
    const atMs = performance.now();
    const run = `${content.meta.handle}/${content.run?.number ?? 0}`;
    const before = this.#samples.get(id);
    this.#samples.set(id, { run, cpuMs: counters.cpuMs, atMs });
    const collectedAtMs = Date.now();
    const isSame = before?.run === run;
    const passedMs = isSame ? atMs - before.atMs : collectedAtMs - (content.run?.startedAtMs ?? 0);
    const cpuMs = isSame ? counters.cpuMs - before.cpuMs : counters.cpuMs;
    return {
      cpuPercent: passedMs > 0 ? Math.max(0, (100 * cpuMs) / passedMs) : 0,
      memoryBytes: counters.memoryBytes,
      diskReadBytes: sumOfIo(counters.pids, "read_bytes"),
      diskWriteBytes: sumOfIo(counters.pids, "write_bytes"),
      netRxBytes: 0,
      netTxBytes: 0,
      collectedAtMs,
      source: counters.source,
    };
  }

  /** Forgets what is no workload any more. */
  forget(isKept: (id: WorkloadId) => boolean): void {
    for (const id of this.#samples.keys()) if (!isKept(id)) this.#samples.delete(id);
  }
}

function ofFamily(content: InstanceContent, stats: readonly ProcessStat[]): Counters | undefined {
  const leader = content.run?.record;
  if (leader === undefined) return undefined;
  let cpuTicks = 0;
  let pages = 0;
  const family = familyOf(leader, stats);
  for (const it of family) {
    cpuTicks += it.cpuTicks;
    pages += it.residentPages;
  }
  return {
    cpuMs: (cpuTicks * 1000) / ticksPerSecond,
    memoryBytes: pages * pageBytes,
    pids: family.map((it) => it.pid),
    source: "procfs",
  };
}
