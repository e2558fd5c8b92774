import { DockerRuntime } from "@persys/adapters/docker";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { createEngine, type Engine, type EnginePolicy, type Telemetry } from "@persys/core";
import { testImages } from "../test/docker/test-images.ts";
import { benchCaller } from "./simulated-node.ts";
import { eventually } from "./stopwatch.ts";

/** What a node of containers is made with. */
export interface ContainerNodeParts {
  /** Where its state goes. */
  readonly folder: string;
  readonly nodeId: string;
  /** `unix:///path` of the engine. */
  readonly endpoint: string;
  readonly policy?: Partial<EnginePolicy>;
  readonly telemetry?: Telemetry;
}

/** An engine over LMDB that runs containers: everything real. */
export class ContainerNode {
  readonly engine: Engine;
  #isStarted = false;

  /** Not yet started. */
  constructor({ folder, nodeId, endpoint, policy = {}, telemetry }: ContainerNodeParts) {
    this.engine = createEngine({
      nodeId,
      version: "bench",
      runtimes: [new DockerRuntime({ endpoint, nodeId })],
      store: new LmdbStateStore({ path: folder, nodeId }),
      clock: new SystemClock(),
      random: new SystemRandom(),
      policy,
      ...(telemetry === undefined ? {} : { telemetry }),
    });
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    await this.engine.start(new AbortController().signal);
  }

  /** Leaves the containers running. Repeatable. */
  async stop(): Promise<void> {
    if (this.#isStarted) await this.engine.stop();
  }

  async apply(id: string): Promise<void> {
    const request = { id, type: "container", revisionId: "", desired: "running" } as const;
    await this.engine.api.apply({ ...request, spec: benchContainer }, benchCaller);
  }

  /** Resolves once nothing is left to do for any workload. */
  async settled(): Promise<void> {
    const { api } = this.engine;
    await eventually(
      "all have settled",
      () => api.list({}).every(({ id }) => api.explain(id).next.step === "settled"),
      250,
    );
  }

  /** Removes the workloads, and resolves once they are gone. */
  async remove(ids: readonly string[]): Promise<void> {
    const { api } = this.engine;
    await Promise.all(ids.map((id) => api.remove(id, benchCaller)));
    const gone = new Set(ids);
    await eventually(
      "what was removed is gone",
      () => !api.list({}).some(({ id }) => gone.has(id)),
      20,
    );
  }
}

/** A container of usual kind that does nothing, and ends at once when it is asked to. */
const benchContainer = {
  image: testImages.busybox,
  command: ["/bin/linger"],
  env: { MODE: "bench", LEVEL: "info" },
  labels: { "example.com/team": "bench" },
  resources: { memoryBytes: 64 * 2 ** 20 },
  stopGraceSeconds: 5,
} as const;
