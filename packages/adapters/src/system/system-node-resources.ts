import { readFile, statfs } from "node:fs/promises";
import { cpus, freemem, totalmem } from "node:os";
import { type Logger, type NodeResources, type NodeUtilization, silentLogger } from "@persys/core";
import { type CpuTimes, cpuPercentBetween, cpuTimesOf } from "./cpu-load.ts";
import { memoryPercentFrom } from "./memory-use.ts";

/** What SystemNodeResources needs to know. */
export interface SystemNodeResourcesOptions {
  /** A path on the file system whose fullness counts: the state folder. */
  readonly path: string;
  /** Time between two samples, in milliseconds. Default 5000, at least 100. */
  readonly intervalMs?: number;
  /** Told once when a source cannot be read, and once when it can again. Default: nobody. */
  readonly logger?: Logger;
}

/**
 * How full this machine is: memory, CPUs and one file system, sampled in the background from {@link start} to {@link close}. A source that
 * cannot be read keeps its last value. The CPU percentage is that of the last interval, 0 before the first has passed.
 */
export class SystemNodeResources implements NodeResources {
  readonly #options: SystemNodeResourcesOptions;
  readonly #logger: Logger;
  readonly #unreadable: Set<string> = new Set();
  #utilization: NodeUtilization = { memoryPercent: 0, cpuPercent: 0, diskPercent: 0 };
  #cpuTimes: CpuTimes = cpuTimesOf(cpus());
  #timer: NodeJS.Timeout | undefined;
  #sampling: Promise<void> | undefined;

  constructor(options: SystemNodeResourcesOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  /** Takes the first sample and goes on taking them. Repeating it changes nothing. */
  async start(): Promise<void> {
    if (this.#timer === undefined) {
      const intervalMs = Math.max(this.#options.intervalMs ?? 5000, 100);
      // Sampling alone is no reason for a process to stay.
      this.#timer = setInterval(() => void this.#sample(), intervalMs).unref();
    }
    await this.#sample();
  }

  utilization(): NodeUtilization {
    return this.#utilization;
  }

  /** Stops sampling and waits for a sample under way. May be repeated. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#sampling;
  }

  /** One sample at a time: a file system that hangs must not pile up reads. */
  #sample(): Promise<void> {
    this.#sampling ??= this.#takeSample().finally(() => {
      this.#sampling = undefined;
    });
    return this.#sampling;
  }

  async #takeSample(): Promise<void> {
    const before = this.#cpuTimes;
    this.#cpuTimes = cpuTimesOf(cpus());
    const cpuPercent =
      this.#cpuTimes.totalMs > before.totalMs
        ? cpuPercentBetween(before, this.#cpuTimes)
        : this.#utilization.cpuPercent;
    const [memoryPercent, diskPercent] = await Promise.all([
      this.#read("memory", readMemoryPercent),
      this.#read("disk", () => readDiskPercent(this.#options.path)),
    ]);
    this.#utilization = {
      cpuPercent,
      memoryPercent: memoryPercent ?? this.#utilization.memoryPercent,
      diskPercent: diskPercent ?? this.#utilization.diskPercent,
    };
  }

  async #read(source: string, read: () => Promise<number>): Promise<number | undefined> {
    try {
      const value = await read();
      if (this.#unreadable.delete(source))
        this.#logger.info("node resource readable again", { source });
      return value;
    } catch (error) {
      if (!this.#unreadable.has(source)) {
        this.#unreadable.add(source);
        this.#logger.warn("node resource cannot be read", { source, error });
      }
      return undefined;
    }
  }
}

async function readMemoryPercent(): Promise<number> {
  if (process.platform === "linux") {
    const percent = memoryPercentFrom(await readFile("/proc/meminfo", "latin1"));
    if (percent !== undefined) return percent;
  }
  return (1 - freemem() / totalmem()) * 100;
}

/** As df(1) counts: what root keeps for itself is neither used nor free. */
async function readDiskPercent(path: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(path);
  const used = blocks - bfree;
  return used + bavail === 0 ? 0 : (used / (used + bavail)) * 100;
}
