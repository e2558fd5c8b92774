import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { SystemClock, SystemRandom } from "@persys/adapters/system";
import { FailingStateStore } from "@persys/conformance";
import {
  type ActualState,
  AgentError,
  type ApplyResult,
  type Caller,
  createEngine,
  type Engine,
  type EnginePolicy,
  type Json,
  type StateStore,
  noTelemetry,
  type Telemetry,
  type WorkloadId,
  type WorkloadRuntime,
  type WorkloadStatus,
} from "@persys/core";
import type { TestContext } from "vitest";
import { DockerHarness } from "../docker-harness.ts";

/** Settles in a third of a second and backs off from a twentieth on, so that tests are short. */
const shortTimes: Partial<EnginePolicy> = {
  settleAfterMs: 300,
  backoffBaseMs: 50,
  backoffMaxMs: 1_000,
  abortGraceMs: 500,
};

/** Changes are seen by events alone: nothing is listed but after a break of the stream. */
export const eventsAlone: Partial<EnginePolicy> = { resyncIntervalMs: 0 };

/** Changes are seen by lists alone, once a second. */
export const resyncAlone: Partial<EnginePolicy> = { eventsEnabled: false, resyncIntervalMs: 1 };

const caller: Caller = { identity: "test" };
const patienceMs = 40_000;

/** How a workload is applied. */
export interface ApplyOptions {
  /** Default `r1`. */
  readonly revisionId?: string;
  readonly desired?: "running" | "stopped";
}

/** What an engine is started with besides a policy. */
export interface Parts {
  readonly runtime: WorkloadRuntime;
  /** Over the disk that outlives it. */
  readonly store: StateStore;
}

/** The real engine over a real Docker engine, in this process, with a node of its own. All of it goes with the test. */
export class EngineOverDocker {
  readonly host: DockerHarness = new DockerHarness();
  readonly disk: MemoryDisk = new MemoryDisk();
  #policy: Partial<EnginePolicy>;
  readonly #counts = new Map<string, number>();
  #engine: Engine | undefined;
  #store: FailingStateStore = new FailingStateStore(this.newStore());

  private constructor(policy: Partial<EnginePolicy>) {
    this.#policy = { ...shortTimes, ...policy };
  }

  /** A node without workloads, whose engine runs. */
  static async start(
    test: TestContext,
    policy: Partial<EnginePolicy> = {},
  ): Promise<EngineOverDocker> {
    const node = EngineOverDocker.idle(test, policy);
    await node.startEngine();
    return node;
  }

  /** A node whose engine does not run yet. */
  static idle(test: TestContext, policy: Partial<EnginePolicy> = {}): EngineOverDocker {
    const node = new EngineOverDocker(policy);
    test.onTestFinished(async () => {
      await node.stopEngine();
      await node.host.close();
    });
    return node;
  }

  /** A store over what this node's engines have stored. */
  newStore(): StateStore {
    return new MemoryStateStore({ disk: this.disk });
  }

  /** Makes an engine over what the last one left, and starts it. */
  async startEngine(parts: Partial<Parts> = {}): Promise<void> {
    this.#store = new FailingStateStore(parts.store ?? this.newStore());
    const engine = createEngine({
      nodeId: this.host.nodeId,
      version: "0.0.0",
      runtimes: [parts.runtime ?? this.host.another()],
      store: this.#store,
      clock: new SystemClock(),
      random: new SystemRandom(),
      telemetry: this.#telemetry(),
      policy: this.#policy,
    });
    this.#engine = engine;
    await engine.start(new AbortController().signal);
  }

  /** Stops the engine; what it runs goes on. */
  async stopEngine(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await engine?.stop();
  }

  /** As if its process had been killed: for this node it is gone, and whoever made it so ends it. */
  abandonEngine(): Engine | undefined {
    const engine = this.#engine;
    this.#engine = undefined;
    return engine;
  }

  /** Stops the engine and starts another in its place, with changes to the policy. */
  async restartEngine(policy: Partial<EnginePolicy> = {}): Promise<void> {
    await this.stopEngine();
    this.#policy = { ...this.#policy, ...policy };
    await this.startEngine();
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error("the engine does not run");
    return this.#engine;
  }

  /** Commits asked for since the engine was started. */
  get commits(): number {
    return this.#store.commits;
  }

  /** Changes that a list showed and no event had told. */
  get missedEvents(): number {
    return this.#counts.get("missed_events_total") ?? 0;
  }

  /** The name under which the engine knows a workload of this test. */
  id(name: string): WorkloadId {
    return this.host.id(name);
  }

  async apply(name: string, spec: Json, options: ApplyOptions = {}): Promise<ApplyResult> {
    const { revisionId = "r1", desired = "running" } = options;
    const request = { id: this.id(name), type: "container", revisionId, desired, spec };
    return this.engine.api.apply(request, caller);
  }

  /** Changes the wanted state alone. */
  async want(name: string, desired: "running" | "stopped"): Promise<ApplyResult> {
    const id = this.id(name);
    const request = { id, type: undefined, revisionId: "", desired, spec: undefined };
    return this.engine.api.apply(request, caller);
  }

  async delete(name: string): Promise<void> {
    await this.engine.api.remove(this.id(name), caller);
  }

  async retry(name: string): Promise<void> {
    await this.engine.api.retry(this.id(name), caller);
  }

  status(name: string): WorkloadStatus {
    return this.engine.api.status(this.id(name));
  }

  state(name: string): ActualState | "absent" {
    try {
      return this.status(name).actual;
    } catch (error) {
      if (AgentError.hasCode(error, "NOT_FOUND")) return "absent";
      throw error;
    }
  }

  /** The steps taken since the engine started, oldest first. */
  steps(name: string): readonly string[] {
    return this.engine.api
      .explain(this.id(name))
      .history.map((it) => it.step)
      .toReversed();
  }

  /** The container that the status names; empty when there is none. */
  containerId(name: string): string {
    return this.status(name).metadata["container.id"] ?? "";
  }

  /** Resolves with the status once it is as wanted. @throws with an explanation when it does not become so. */
  async reaches(
    name: string,
    wanted: ActualState | ((status: WorkloadStatus) => boolean),
    withinMs: number = patienceMs,
  ): Promise<WorkloadStatus> {
    const isSo = (): boolean =>
      typeof wanted === "string" ? this.state(name) === wanted : wanted(this.status(name));
    await this.becomes(isSo, { name, withinMs });
    return this.status(name);
  }

  /** Applies, and resolves with the container's id once it runs as wanted and there is nothing left to do. */
  async run(name: string, spec: Json, options: ApplyOptions = {}): Promise<string> {
    await this.apply(name, spec, options);
    await this.rests(name, "running");
    return this.containerId(name);
  }

  /** Resolves once it is in the state and there is nothing left to do. */
  async rests(name: string, state: ActualState): Promise<WorkloadStatus> {
    await this.becomes(() => this.state(name) === state && this.#nextStep(name) === "settled", {
      name,
    });
    return this.status(name);
  }

  /** Resolves once the workload is unknown to the engine. */
  async isGone(name: string): Promise<void> {
    await this.becomes(() => this.state(name) === "absent", { name });
  }

  /** Resolves once a condition holds. @throws with the explanation of a workload when it does not come to hold. */
  async becomes(
    isSo: () => boolean | Promise<boolean>,
    { name, withinMs = patienceMs }: { readonly name?: string; readonly withinMs?: number } = {},
  ): Promise<void> {
    const giveUpAtMs = performance.now() + withinMs;
    while (!(await isSo())) {
      if (performance.now() > giveUpAtMs)
        throw new Error(
          `not so within ${withinMs} ms: ${String(isSo)}\n${name === undefined ? "" : this.#explained(name)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #nextStep(name: string): string {
    return this.engine.api.explain(this.id(name)).next.step;
  }

  #explained(name: string): string {
    return this.state(name) === "absent"
      ? "no such workload"
      : JSON.stringify(this.engine.api.explain(this.id(name)), undefined, 1);
  }

  #telemetry(): Telemetry {
    return {
      ...noTelemetry,
      count: (name, _labels, by = 1) => this.#counts.set(name, (this.#counts.get(name) ?? 0) + by),
    };
  }
}
