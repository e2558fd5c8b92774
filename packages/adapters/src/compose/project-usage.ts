import type { PartUsage, UsageFigures, UsageSnapshot, WorkloadId } from "@persys/core";
import type { ContainerUsage } from "../docker/container-usage.ts";
import type { ProjectContainer } from "./owned-projects.ts";

/** What was measured of one container, and which service it is of. */
interface Measured {
  readonly service: string;
  readonly snapshot: UsageSnapshot;
}

/** Measures what projects use: the sum of their containers, and that of each service. */
export class ProjectUsage {
  readonly #containers: Pick<ContainerUsage<string>, "forget" | "measure">;

  constructor(containers: Pick<ContainerUsage<string>, "forget" | "measure">) {
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
        (all.get(id) ?? []).filter(
          ({ entry }) => entry.State === "running" || entry.State === "paused",
        ),
      ]),
    );
    const measured = await this.#containers.measure(
      new Map([...running.values()].flat().map(({ entry }) => [entry.Id, entry.Id])),
      signal,
    );
    const usages = new Map<WorkloadId, UsageSnapshot>();
    for (const [id, containers] of running) {
      const parts = containers.flatMap(({ entry, marks }): readonly Measured[] => {
        const snapshot = measured.get(entry.Id);
        return snapshot === undefined ? [] : [{ service: marks.service, snapshot }];
      });
      const total = parts.length === containers.length ? totalOf(parts) : undefined;
      if (total !== undefined) usages.set(id, total);
    }
    return usages;
  }
}

/** Undefined: of nothing there is no sum. */
function totalOf(measured: readonly Measured[]): UsageSnapshot | undefined {
  const [first] = measured;
  if (first === undefined) return undefined;
  const byService = Map.groupBy(measured, (it) => it.service);
  const parts = [...byService].map(
    ([name, own]): PartUsage => ({ name, ...sumOf(own.map((it) => it.snapshot)) }),
  );
  return {
    ...sumOf(parts),
    collectedAtMs: Math.max(...measured.map((it) => it.snapshot.collectedAtMs)),
    source: first.snapshot.source,
    parts: parts.toSorted((one, other) => one.name.localeCompare(other.name)),
  };
}

function sumOf(all: readonly UsageFigures[]): UsageFigures {
  const sum = (figure: keyof UsageFigures): number =>
    all.reduce((total, it) => total + it[figure], 0);
  return {
    cpuPercent: sum("cpuPercent"),
    memoryBytes: sum("memoryBytes"),
    diskReadBytes: sum("diskReadBytes"),
    diskWriteBytes: sum("diskWriteBytes"),
    netRxBytes: sum("netRxBytes"),
    netTxBytes: sum("netTxBytes"),
  };
}
