import { LmdbStateStore } from "@persys/adapters/lmdb";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { SimulatedRuntime, SimulatedWorld } from "@persys/conformance";
import { type ApplyRequest, createEngine, type Engine, type EnginePolicy } from "@persys/core";

const nodeId = "bench";

/** An engine over LMDB in `folder` whose workloads run in a simulated world: everything real but the workloads. */
export interface SimulatedNode {
  readonly engine: Engine;
  readonly world: SimulatedWorld;
}

/** The state store of a bench in `folder`. */
export function benchStore(folder: string): LmdbStateStore {
  return new LmdbStateStore({ path: folder, nodeId });
}

/** A world whose journal keeps only counts worth mentioning. */
export function benchWorld(): SimulatedWorld {
  return new SimulatedWorld({ clock: new SystemClock(), journalMax: 1 });
}

/** Not yet started. */
export function simulatedNode(
  folder: string,
  world: SimulatedWorld,
  policy: Partial<EnginePolicy> = {},
): SimulatedNode {
  const engine = createEngine({
    nodeId,
    version: "bench",
    runtimes: [new SimulatedRuntime(world)],
    store: benchStore(folder),
    clock: world.clock,
    random: new SystemRandom(),
    policy: { workloadsMax: 100_000, ...policy },
  });
  return { engine, world };
}

/** A spec of usual size (about 700 bytes). Healthy as soon as it runs, so that it settles at once. */
export const benchSpec = {
  health: "healthy",
  labels: Object.fromEntries(
    Array.from({ length: 10 }, (_, at) => [
      `example.com/label-${at}`,
      `a value of usual length ${at}`,
    ]),
  ),
  note: "n".repeat(200),
} as const;

/** The wish for one workload of a bench. */
export function benchApply(id: string): ApplyRequest {
  return { id, type: "simulated", revisionId: "", desired: "running", spec: benchSpec };
}

export const benchCaller = { identity: "bench" } as const;
