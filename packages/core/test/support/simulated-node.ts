import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import {
  FailingStateStore,
  ManualClock,
  SeededRandom,
  SimulatedRuntime,
  SimulatedWorld,
} from "@persys/conformance";
import {
  type AgentApi,
  type ApplyResult,
  createEngine,
  type Engine,
  type EnginePolicy,
  type WorkloadStatus,
} from "@persys/core";

/** How a simulated node is made. */
export interface SimulatedNodeOptions {
  readonly policy?: Partial<EnginePolicy>;
  readonly seed?: number;
}

const caller = { identity: "test" };

/** A whole node in memory: the real engine on simulated time, a simulated runtime and a disk that outlives the engine. */
export class SimulatedNode {
  readonly clock: ManualClock = new ManualClock();
  readonly world: SimulatedWorld = new SimulatedWorld({ clock: this.clock });
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly #options: SimulatedNodeOptions;
  readonly #random: SeededRandom;
  runtime!: SimulatedRuntime;
  store!: FailingStateStore;
  engine!: Engine;

  private constructor(options: SimulatedNodeOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ?? 1);
  }

  /** A node whose agent has started. */
  static async start(options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
    const node = new SimulatedNode(options);
    await node.boot();
    return node;
  }

  get api(): AgentApi {
    return this.engine.api;
  }

  /** Starts an agent on what there is. */
  async boot(): Promise<void> {
    this.runtime = new SimulatedRuntime(this.world, { type: "simulated" });
    this.store = new FailingStateStore(new MemoryStateStore({ disk: this.disk }));
    this.engine = createEngine({
      nodeId: "node-1",
      version: "test",
      runtimes: [this.runtime],
      store: this.store,
      clock: this.clock,
      random: this.#random,
      policy: { resyncIntervalMs: 30_000, ...this.#options.policy },
    });
    const started = this.engine.start(new AbortController().signal);
    await this.clock.settle();
    await started;
    await this.clock.settle();
  }

  /** Ends the agent at once, as a kill would: nothing it has under way has any more effect. */
  async crash(): Promise<void> {
    this.runtime.crash();
    this.store.crash();
    await this.clock.settle();
  }

  /** Ends the agent at once and starts another. */
  async restart(): Promise<void> {
    await this.crash();
    await this.boot();
  }

  /** Applies, and lets come to rest what needs no time. */
  async apply(
    id: string,
    spec: unknown,
    more: { readonly revisionId?: string; readonly desired?: "running" | "stopped" } = {},
  ): Promise<ApplyResult> {
    const applying = this.api.apply(
      {
        id,
        type: "simulated",
        revisionId: more.revisionId ?? "",
        desired: more.desired ?? "running",
        spec,
      },
      caller,
    );
    applying.catch(() => {});
    await this.clock.settle();
    return applying;
  }

  /** Changes only the wanted state. */
  async want(id: string, desired: "running" | "stopped"): Promise<ApplyResult> {
    const applying = this.api.apply(
      { id, type: undefined, revisionId: "", desired, spec: undefined },
      caller,
    );
    applying.catch(() => {});
    await this.clock.settle();
    return applying;
  }

  async remove(id: string): Promise<void> {
    const removing = this.api.remove(id, caller);
    removing.catch(() => {});
    await this.clock.settle();
    await removing;
  }

  async retry(id: string): Promise<boolean> {
    const retrying = this.api.retry(id, caller);
    retrying.catch(() => {});
    await this.clock.settle();
    return (await retrying).accepted;
  }

  status(id: string): WorkloadStatus {
    return this.api.status(id);
  }

  /** Applies a server and lets it settle. */
  async settled(id: string, revisionId = "r1", spec: object = {}): Promise<void> {
    await this.apply(id, { program: "serve", ...spec }, { revisionId });
    await this.clock.advance(11_000);
  }

  /** Lets time pass. */
  async after(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  async stop(): Promise<void> {
    const stopping = this.engine.stop();
    await this.clock.advance(3_000);
    await stopping;
  }
}
