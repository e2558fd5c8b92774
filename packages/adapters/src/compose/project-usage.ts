import type { UsageSnapshot, WorkloadId } from "@persys/core";
import type { ContainerUsage } from "../docker/container-usage.ts";
import type { ProjectContainer } from "./owned-projects.ts";

/** Measures what projects use: the sum of their containers. */
export class ProjectUsage {
  readonly #containers: ContainerUsage<string>;

  constructor(containers: ContainerUsage<string>) {
    this.#containers = containers;
  }

  /**
   * A snapshot of each project that runs. One of whose containers some cannot be measured in time is left out: the sum would be wrong.
   * @throws {AgentError} when the engine cannot be asked. The signal's reason when it aborts.
   */
  async measure(
    ids: readonly WorkloadId[],
    all: ReadonlyMap<WorkloadId, readonly ProjectContainer[]>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<WorkloadId, UsageSnapshot>> {
    const existing = new Set([...all.values()].flat().map(({ entry }) => entry.Id));
    this.#containers.forget((id) => existing.has(id));
    const running = new Map(
      ids.map((id) => [
        id,
        (all.get(id) ?? [])
          .filter(({ entry }) => entry.State === "running" || entry.State === "paused")
          .map(({ entry }) => entry.Id),
      ]),
    );
    const measured = await this.#containers.measure(
      new Map([...running.values()].flat().map((it) => [it, it])),
      signal,
    );
    const usages = new Map<WorkloadId, UsageSnapshot>();
    for (const [id, containers] of running) {
      const parts = containers.flatMap((it) => measured.get(it) ?? []);
      const total = parts.length === containers.length ? sumOf(parts) : undefined;
      if (total !== undefined) usages.set(id, total);
    }
    return usages;
  }
}

function sumOf(parts: readonly UsageSnapshot[]): UsageSnapshot | undefined {
  const [first, ...rest] = parts;
  if (first === undefined) return undefined;
  return rest.reduce(
    (sum, it) => ({
      ...sum,
      cpuPercent: sum.cpuPercent + it.cpuPercent,
      memoryBytes: sum.memoryBytes + it.memoryBytes,
      diskReadBytes: sum.diskReadBytes + it.diskReadBytes,
      diskWriteBytes: sum.diskWriteBytes + it.diskWriteBytes,
      netRxBytes: sum.netRxBytes + it.netRxBytes,
      netTxBytes: sum.netTxBytes + it.netTxBytes,
      collectedAtMs: Math.max(sum.collectedAtMs, it.collectedAtMs),
    }),
    first,
  );
}
