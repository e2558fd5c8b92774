import {
  AgentError,
  type Logger,
  silentLogger,
  type UsageSnapshot,
  type WorkloadId,
} from "@persys/core";
import { z } from "zod";
import type { DockerClient } from "./docker-client.ts";
import { httpStatusOf } from "./docker-errors.ts";

/** What measuring containers stands on. */
export interface ContainerUsageContext {
  readonly client: Pick<DockerClient, "container" | "usage">;
  readonly logger?: Logger;
  /** A container that cannot be measured within this time is left out, in milliseconds. Default 5,000. */
  readonly callTimeoutMs?: number;
}

/** Calls of the engine at a time. */
const callsMax = 8;

/** Without a measurement for so long, whether a container runs as before is asked of the engine rather than told by its counters. */
const sampleMsMax = 300_000;

/** The first share of a run is one of this time at least, in milliseconds. */
const firstSpanMsMin = 1_000;

const counter = z
  .number()
  .nullish()
  .transform((it) => it ?? 0);

const ioEntries = z
  .array(z.object({ op: z.string(), value: z.number() }))
  .nullish()
  .transform((it) => it ?? []);

const statsSchema = z.object({
  /** RFC 3339; in the year 1 when the container does not run. */
  read: z.string(),
  /** The processor's time is in nanoseconds. */
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: counter }) }),
  memory_stats: z.object({
    usage: counter,
    stats: z
      .record(z.string(), z.number())
      .nullish()
      .transform((it) => it ?? {}),
  }),
  blkio_stats: z.object({ io_service_bytes_recursive: ioEntries }),
  networks: z
    .record(z.string(), z.object({ rx_bytes: counter, tx_bytes: counter }))
    .nullish()
    .transform((it) => Object.values(it ?? {})),
});

type Stats = z.infer<typeof statsSchema>;

/** What was measured of one run of a container. */
interface Sample {
  readonly containerId: string;
  readonly cpuMs: number;
  readonly atMs: number;
  readonly cpuPercent: number;
}

/**
 * Measures what containers use. The processor's share is that since the measurement before, or since the container was started. Memory is
 * what `docker stats` shows: without the files that the kernel may forget.
 */
export class ContainerUsage<Key extends string = WorkloadId> {
  readonly #client: ContainerUsageContext["client"];
  readonly #logger: Logger;
  readonly #callTimeoutMs: number;
  readonly #samples = new Map<Key, Sample>();

  constructor({ client, logger = silentLogger, callTimeoutMs = 5_000 }: ContainerUsageContext) {
    this.#client = client;
    this.#logger = logger;
    this.#callTimeoutMs = callTimeoutMs;
  }

  /**
   * A snapshot of each container, by the key it is given under; those that have ended meanwhile, or that the engine cannot measure in time,
   * are left out.
   * @throws {AgentError} when the engine cannot be asked. The signal's reason when it aborts.
   */
  async measure(
    running: ReadonlyMap<Key, string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Key, UsageSnapshot>> {
    const usages = new Map<Key, UsageSnapshot>();
    const waiting = [...running];
    const measureWaiting = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        try {
          const usage = await this.#measureInTime(...next, signal);
          if (usage !== undefined) usages.set(next[0], usage);
        } catch (error) {
          waiting.length = 0;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: callsMax }, measureWaiting));
    return usages;
  }

  /** Forgets what is no workload any more. */
  forget(isKept: (id: Key) => boolean): void {
    for (const id of this.#samples.keys()) if (!isKept(id)) this.#samples.delete(id);
  }

  async #measureInTime(
    id: Key,
    containerId: string,
    signal: AbortSignal,
  ): Promise<UsageSnapshot | undefined> {
    const timeout = new AbortController();
    const timer = setTimeout(() => {
      timeout.abort();
    }, this.#callTimeoutMs);
    try {
      return await this.#measureOne(id, containerId, AbortSignal.any([signal, timeout.signal]));
    } catch (error) {
      signal.throwIfAborted();
      if (!timeout.signal.aborted && AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) throw error;
      const timeoutMs = this.#callTimeoutMs;
      this.#logger.warn("a container cannot be measured", { id, containerId, timeoutMs, error });
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  async #measureOne(
    id: Key,
    containerId: string,
    signal: AbortSignal,
  ): Promise<UsageSnapshot | undefined> {
    const stats = await this.#statsOf(containerId, signal);
    if (stats === undefined) return undefined;
    const atMs = Date.parse(stats.read);
    const cpuMs = stats.cpu_stats.cpu_usage.total_usage / 1_000_000;
    const base = await this.#baseOf(id, { containerId, cpuMs, atMs }, signal);
    if (base === undefined) return undefined;
    const passedMs = atMs - base.atMs;
    const cpuPercent = passedMs > 0 ? (100 * (cpuMs - base.cpuMs)) / passedMs : base.cpuPercent;
    this.#samples.set(id, { containerId, cpuMs, atMs, cpuPercent });
    return snapshotOf(stats, { cpuPercent, collectedAtMs: atMs });
  }

  /** What to compare with: the measurement before, of the same run, or the start of the run. Undefined when the container does not run. */
  async #baseOf(
    id: Key,
    now: Omit<Sample, "cpuPercent">,
    signal: AbortSignal,
  ): Promise<Sample | undefined> {
    const { containerId, cpuMs, atMs } = now;
    const last = this.#samples.get(id);
    const before = last?.containerId === containerId && last.cpuMs <= cpuMs ? last : undefined;
    if (before !== undefined && atMs - before.atMs < sampleMsMax) return before;
    const startedAtMs = await this.#startOf(containerId, signal);
    if (startedAtMs === undefined) return undefined;
    if (before !== undefined && startedAtMs <= before.atMs) return before;
    // Making a process takes time of the processor that began before it counts as started.
    const sinceMs = Math.min(startedAtMs, atMs - firstSpanMsMin);
    return { containerId, cpuMs: 0, atMs: sinceMs, cpuPercent: 0 };
  }

  /** Undefined when it does not run, or is gone. */
  async #statsOf(containerId: string, signal: AbortSignal): Promise<Stats | undefined> {
    let answer: unknown;
    try {
      answer = await this.#client.usage(containerId, signal);
    } catch (error) {
      // The engine answers a failure of its own as well when the container ends at this moment.
      if (httpStatusOf(error) === undefined) throw error;
      if ((await this.#startOf(containerId, signal)) !== undefined) throw error;
    }
    if (answer === undefined) return undefined;
    const stats = statsSchema.parse(answer);
    return Date.parse(stats.read) > 0 ? stats : undefined;
  }

  /** When a container that runs was started, Unix milliseconds. */
  async #startOf(containerId: string, signal: AbortSignal): Promise<number | undefined> {
    const report = await this.#client.container(containerId, signal);
    return report?.State.Running === true ? Date.parse(report.State.StartedAt) : undefined;
  }
}

function snapshotOf(
  stats: Stats,
  measured: Pick<UsageSnapshot, "cpuPercent" | "collectedAtMs">,
): UsageSnapshot {
  return {
    ...measured,
    memoryBytes: memoryOf(stats.memory_stats),
    diskReadBytes: ioOf(stats, "read"),
    diskWriteBytes: ioOf(stats, "write"),
    netRxBytes: sum(stats.networks.map((it) => it.rx_bytes)),
    netTxBytes: sum(stats.networks.map((it) => it.tx_bytes)),
    source: "docker",
  };
}

/** As the engine's own client has it, for control groups of version 1 and 2 (docker/cli, `calculateMemUsageUnixNoCache`). */
function memoryOf({ usage, stats }: Stats["memory_stats"]): number {
  const inactive = stats["total_inactive_file"] ?? stats["inactive_file"] ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

/** The operations are written `Read` by version 1 of control groups, and `read` by version 2. */
function ioOf({ blkio_stats: io }: Stats, operation: "read" | "write"): number {
  const entries = io.io_service_bytes_recursive.filter((it) => it.op.toLowerCase() === operation);
  return sum(entries.map((it) => it.value));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, it) => total + it, 0);
}
