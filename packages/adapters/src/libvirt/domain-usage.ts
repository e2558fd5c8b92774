import type { UsageSnapshot, WorkloadId } from "@persys/core";
import type { SeenDomain } from "./seen-domain.ts";
import {
  connectGetAllDomainStatsFlags,
  domainStatsTypes,
  type LibvirtConnection,
  type ParameterValue,
  parametersOf,
} from "./rpc/index.ts";

/** What was measured of one run of a machine. */
interface Sample {
  readonly uuid: string;
  readonly domainId: number;
  readonly cpuNs: number;
  readonly atMs: number;
}

/** What libvirt says of one machine, by name. */
type Statistics = ReadonlyMap<string, ParameterValue>;

/** All groups of numbers that a snapshot is made of. */
const wantedStats =
  domainStatsTypes.cpuTotal +
  domainStatsTypes.balloon +
  domainStatsTypes.interface +
  domainStatsTypes.block;

/**
 * Measures all machines by one call. A machine whose QEMU does not answer is not waited for: it is left out, or told without what only QEMU
 * knows. The processor's share is that since the measurement before, and 0 at the first of a run.
 */
export class DomainUsage {
  readonly #connection: Pick<LibvirtConnection, "call">;
  readonly #samples = new Map<WorkloadId, Sample>();

  constructor(connection: Pick<LibvirtConnection, "call">) {
    this.#connection = connection;
  }

  /** A snapshot of each machine that runs; others are left out. @throws {LibvirtError} {LibvirtConnectionError} the signal's reason */
  async measure(
    running: ReadonlyMap<WorkloadId, SeenDomain>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<WorkloadId, UsageSnapshot>> {
    if (running.size === 0) return new Map();
    const doms = [...running.values()].map(({ name, uuid, domainId: id }) => ({ name, uuid, id }));
    const flags = connectGetAllDomainStatsFlags.nowait;
    const args = { doms, stats: wantedStats, flags };
    const { retStats } = await this.#connection.call("connectGetAllDomainStats", args, { signal });
    const atMs = Date.now();
    const byUuid = new Map(retStats.map(({ dom, params }) => [dom.uuid, parametersOf(params)]));
    const snapshots = new Map<WorkloadId, UsageSnapshot>();
    for (const [id, { uuid, domainId }] of running) {
      const statistics = byUuid.get(uuid);
      const cpuNs = statistics && numberOf(statistics, "cpu.time");
      if (statistics === undefined || cpuNs === undefined) continue;
      const cpuPercent = this.#shareOf(id, { uuid, domainId, cpuNs, atMs });
      snapshots.set(id, snapshotOf(statistics, { cpuPercent, atMs }));
    }
    return snapshots;
  }

  /** Forgets what is no workload any more. */
  forget(isKept: (id: WorkloadId) => boolean): void {
    for (const id of this.#samples.keys()) if (!isKept(id)) this.#samples.delete(id);
  }

  #shareOf(id: WorkloadId, sample: Sample): number {
    const before = this.#samples.get(id);
    this.#samples.set(id, sample);
    if (before?.uuid !== sample.uuid || before.domainId !== sample.domainId) return 0;
    const spanMs = sample.atMs - before.atMs;
    const usedMs = (sample.cpuNs - before.cpuNs) / 1_000_000;
    // 100 is one core.
    return spanMs <= 0 || usedMs < 0 ? 0 : (usedMs / spanMs) * 100;
  }
}

function snapshotOf(
  statistics: Statistics,
  { cpuPercent, atMs }: { readonly cpuPercent: number; readonly atMs: number },
): UsageSnapshot {
  // What QEMU takes of the host; where libvirt cannot tell, what the guest has been given.
  const memoryKib =
    numberOf(statistics, "balloon.rss") ?? numberOf(statistics, "balloon.current") ?? 0;
  return {
    cpuPercent,
    memoryBytes: memoryKib * 1_024,
    diskReadBytes: sumOf(statistics, "block", "rd.bytes"),
    diskWriteBytes: sumOf(statistics, "block", "wr.bytes"),
    netRxBytes: sumOf(statistics, "net", "rx.bytes"),
    netTxBytes: sumOf(statistics, "net", "tx.bytes"),
    collectedAtMs: atMs,
    source: "libvirt",
  };
}

/** Over all devices of a kind: `net.0.rx.bytes`, `net.1.rx.bytes`... */
function sumOf(statistics: Statistics, kind: string, what: string): number {
  const count = numberOf(statistics, `${kind}.count`) ?? 0;
  let sum = 0;
  for (let at = 0; at < count; at += 1) sum += numberOf(statistics, `${kind}.${at}.${what}`) ?? 0;
  return sum;
}

function numberOf(statistics: Statistics, name: string): number | undefined {
  const value = statistics.get(name);
  return typeof value === "bigint" || typeof value === "number" ? Number(value) : undefined;
}
