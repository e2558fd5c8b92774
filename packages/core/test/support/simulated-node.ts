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
  type ApplyRequest,
  type ApplyResult,
  createEngine,
  type DeleteResult,
  type Engine,
  type EnginePolicy,
  type Logger,
  noTelemetry,
  type SecretSealer,
  silentLogger,
  type Telemetry,
  type WorkloadRuntime,
  type WorkloadStatus,
} from "@persys/core";
import { AttentiveRuntime } from "./attentive-runtime.ts";

/** How a simulated node is made. */
export interface SimulatedNodeOptions {
  readonly policy?: Partial<EnginePolicy>;
  readonly seed?: number;
  /** Whether the runtime has events. Default true. */
  readonly events?: boolean;
  /** Told of everything that is counted and measured. */
  readonly telemetry?: Telemetry;
  readonly logger?: Logger;
  /** Seals what is stored. */
  readonly secretSealer?: SecretSealer;
  /** Runtimes besides the simulated one. */
  readonly others?: (clock: ManualClock) => readonly WorkloadRuntime[];
}

/** What every request of a test says of its caller. */
export const caller = { identity: "test" } as const;

/** A whole node in memory: the real engine on simulated time, a simulated runtime and a disk that outlives the engine. */
export class SimulatedNode {
  readonly clock: ManualClock = new ManualClock();
  readonly world: SimulatedWorld = new SimulatedWorld({ clock: this.clock });
  readonly disk: MemoryDisk = new MemoryDisk();
  /** Changing calls that were made on a look that could not be read: empty while the engine is sound. */
  readonly blindCalls: string[] = [];
  /** Changes that a listing showed and no event had told. */
  missedEvents = 0;
  readonly #options: SimulatedNodeOptions;
  readonly #random: SeededRandom;
  runtime!: SimulatedRuntime;
  /** What the engine sees of it. */
  attentive!: AttentiveRuntime;
  store!: FailingStateStore;
  engine!: Engine;

  private constructor(options: SimulatedNodeOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ?? 1);
  }

  /** A node whose agent has started. */
  static async start(options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
    const node = SimulatedNode.idle(options);
    await node.boot();
    return node;
  }

  /** A node whose agent has yet to be booted. */
  static idle(options: SimulatedNodeOptions = {}): SimulatedNode {
    return new SimulatedNode(options);
  }

  get api(): AgentApi {
    return this.engine.api;
  }

  /** Starts an agent on what there is, and lets as much time pass as its start waits for a runtime that does not answer. */
  async boot(
    policy: Partial<EnginePolicy> = {},
    runtime: { readonly type?: string } = {},
  ): Promise<void> {
    const started = this.beginBoot(policy, runtime);
    let isStarted = false;
    void started.then(
      () => (isStarted = true),
      () => (isStarted = true),
    );
    await this.clock.settle();
    if (!isStarted) await this.clock.advanceUntil(() => isStarted, 60_000);
    await started;
    await this.clock.settle();
  }

  /** Begins to start an agent on what there is. */
  beginBoot(
    policy: Partial<EnginePolicy> = {},
    runtime: { readonly type?: string } = {},
  ): Promise<void> {
    this.makeEngine(policy, runtime);
    return this.engine.start(new AbortController().signal);
  }

  /** Makes an agent that has yet to be started. */
  makeEngine(policy: Partial<EnginePolicy> = {}, runtime: { readonly type?: string } = {}): void {
    this.runtime = new SimulatedRuntime(this.world, {
      type: runtime.type ?? "simulated",
      events: this.#options.events ?? true,
    });
    this.attentive = new AttentiveRuntime(this.runtime, this.blindCalls);
    this.store = new FailingStateStore(new MemoryStateStore({ disk: this.disk }));
    this.engine = createEngine({
      nodeId: "node-1",
      version: "test",
      runtimes: [this.attentive, ...(this.#options.others?.(this.clock) ?? [])],
      store: this.store,
      clock: this.clock,
      random: this.#random,
      logger: this.#options.logger ?? silentLogger,
      telemetry: this.#telemetry(),
      ...(this.#options.secretSealer === undefined
        ? {}
        : { secretSealer: this.#options.secretSealer }),
      policy: { resyncIntervalMs: 30_000, ...this.#options.policy, ...policy },
    });
  }

  #telemetry(): Telemetry {
    const { telemetry = noTelemetry } = this.#options;
    return {
      count: (name, labels, by) => {
        if (name === "missed_events_total") this.missedEvents += 1;
        telemetry.count(name, labels, by);
      },
      measure: (name, value, labels) => telemetry.measure(name, value, labels),
      gauge: (name, value, labels) => telemetry.gauge(name, value, labels),
      span: (name, options, work) => telemetry.span(name, options, work),
    };
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

  /** Sends an apply; its answer is awaited by the caller. */
  sendApply(
    id: string,
    spec: unknown,
    more: Partial<
      Pick<ApplyRequest, "revisionId" | "desired" | "type" | "expectedGeneration">
    > = {},
  ): Promise<ApplyResult> {
    const request = { id, type: "simulated", revisionId: "", desired: "running", spec } as const;
    return noted(this.api.apply({ ...request, ...more }, caller));
  }

  /** Applies, and lets come to rest what needs no time. */
  async apply(
    id: string,
    spec: unknown,
    more: Partial<
      Pick<ApplyRequest, "revisionId" | "desired" | "type" | "expectedGeneration">
    > = {},
  ): Promise<ApplyResult> {
    const applying = this.sendApply(id, spec, more);
    await this.clock.settle();
    return applying;
  }

  /** Changes only the wanted state. */
  async want(id: string, desired: "running" | "stopped"): Promise<ApplyResult> {
    const request = { id, type: undefined, revisionId: "", desired, spec: undefined };
    const applying = noted(this.api.apply(request, caller));
    await this.clock.settle();
    return applying;
  }

  async remove(id: string): Promise<DeleteResult> {
    const removing = noted(this.api.remove(id, caller));
    await this.clock.settle();
    return removing;
  }

  async retry(id: string): Promise<boolean> {
    const retrying = noted(this.api.retry(id, caller));
    await this.clock.settle();
    return (await retrying).accepted;
  }

  status(id: string): WorkloadStatus {
    return this.api.status(id);
  }

  /** Ids of the workloads that are listed. */
  get ids(): readonly string[] {
    return this.api.list({}).map((it) => it.id);
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

  /** Stops the engine, and returns how long that took by the clock. */
  async stop(): Promise<number> {
    const beganMs = this.clock.monotonicMs();
    let isStopped = false;
    const stopping = this.engine.stop().finally(() => (isStopped = true));
    await this.clock.settle();
    if (!isStopped) await this.clock.advanceUntil(() => isStopped, 120_000);
    await stopping;
    return this.clock.monotonicMs() - beganMs;
  }
}

/** A promise whose rejection is looked at later. */
function noted<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
