import { type Instance, isLive, type WorkloadId } from "@persys/core";
import type { CrashWorld } from "./crash-world.ts";

/** Watches the instances of each workload: which runs there have been. */
export class RunsSeen {
  readonly #world: CrashWorld;
  readonly #ids: readonly WorkloadId[];
  readonly #runs = new Map<WorkloadId, Set<string>>();

  constructor(world: CrashWorld, ids: readonly WorkloadId[]) {
    this.#world = world;
    this.#ids = ids;
  }

  /** Takes note of the runs that there are now. */
  note(): void {
    for (const id of this.#ids)
      for (const instance of this.#instances(id)) {
        if (instance.run === undefined) continue;
        const runs = this.#runs.get(id) ?? new Set();
        this.#runs.set(id, runs.add(runText(instance)));
      }
  }

  /** How many runs there have been of an id. */
  countOf(id: WorkloadId): number {
    return this.#runs.get(id)?.size ?? 0;
  }

  /** The runs that are live now, by id. */
  live(): ReadonlyMap<WorkloadId, string> {
    const live = this.#ids.flatMap((id) => {
      const up = this.#instances(id).filter(isLive);
      return up.length === 0 ? [] : [[id, up.map(runText).join(" and ")] as const];
    });
    return new Map(live);
  }

  #instances(id: WorkloadId): readonly Instance[] {
    const seen = this.#world.observe(id);
    return seen.kind === "present" ? seen.instances : [];
  }
}

function runText({ handle, run }: Instance): string {
  return `run ${run ?? "none"} of ${handle}`;
}
