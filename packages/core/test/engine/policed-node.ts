import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { ManualClock, SeededRandom, SimulatedRuntime, SimulatedWorld } from "@persys/conformance";
import {
  type ApplyRequest,
  type ApplyResult,
  createEngine,
  type Demands,
  type Engine,
  type HostPolicy,
  hostPolicyOf,
  type HostPolicyRules,
  type Json,
  noTelemetry,
  safeHostPolicyRules,
  type TelemetryLabels,
  type WorkloadStatus,
} from "@persys/core";
import { expect } from "vitest";

/** What every request says of its caller. */
export const caller = { identity: "test" } as const;

/** A runtime whose demands can fail, hang and change under the same spec, as links do. */
export class WatchfulRuntime extends SimulatedRuntime {
  /** What the next demands wait for. */
  gate: Promise<void> = Promise.resolve();
  /** What the next demands take, unless they are called off. */
  work: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  /** Where paths lead to instead. */
  readonly links: Map<string, string> = new Map();
  asked = 0;

  override async demands(spec: Json, signal: AbortSignal): Promise<Demands> {
    this.asked += 1;
    const { gate } = this;
    await gate;
    await this.work(signal);
    const demands = await super.demands(spec, signal);
    const hostPaths = demands.hostPaths.map((asked) => ({
      ...asked,
      path: this.links.get(asked.path) ?? asked.path,
      written: asked.path,
    }));
    return { ...demands, hostPaths };
  }
}

/** A simulated node that has a policy. */
export class PolicedNode {
  readonly clock: ManualClock = new ManualClock();
  readonly world: SimulatedWorld = new SimulatedWorld({ clock: this.clock });
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly counted: (readonly [name: string, labels: TelemetryLabels | undefined])[] = [];
  /** Those who want to know of another policy. */
  readonly listeners: Set<() => void> = new Set();
  policy: HostPolicy = policyAllowing("/srv");
  runtime: WatchfulRuntime;
  engine: Engine;

  constructor() {
    this.runtime = this.#newRuntime();
    this.engine = this.#newEngine();
  }

  static async start(): Promise<PolicedNode> {
    const node = new PolicedNode();
    await node.#boot();
    return node;
  }

  /** Ends the agent and starts another one on what there is. */
  async restart(): Promise<void> {
    await this.engine.stop();
    this.runtime = this.#newRuntime();
    this.engine = this.#newEngine();
    await this.#boot();
  }

  /** Makes this the policy, and says so. */
  async announce(policy: HostPolicy): Promise<void> {
    this.policy = policy;
    for (const listener of this.listeners) listener();
    await this.clock.settle();
  }

  send(
    id: string,
    spec: object | undefined,
    more: Partial<ApplyRequest> = {},
  ): Promise<ApplyResult> {
    const request = { id, type: "simulated", revisionId: "", desired: "running", spec, ...more };
    return this.engine.api.apply(request as ApplyRequest, caller);
  }

  async apply(
    id: string,
    spec: object | undefined,
    more: Partial<ApplyRequest> = {},
  ): Promise<ApplyResult> {
    const answer = this.send(id, spec, more);
    answer.catch(() => {});
    await this.clock.settle();
    return answer;
  }

  async settled(id: string, spec: object, revisionId = "r1"): Promise<void> {
    await this.apply(id, spec, { revisionId });
    await this.after(15_000);
    expect(this.status(id).actual).toBe("running");
  }

  async after(timeMs: number): Promise<void> {
    await this.clock.advance(timeMs);
    await this.clock.settle();
  }

  status(id: string): WorkloadStatus {
    return this.engine.api.status(id);
  }

  #newRuntime(): WatchfulRuntime {
    return new WatchfulRuntime(this.world, { type: "simulated" });
  }

  #newEngine(): Engine {
    return createEngine({
      nodeId: "node-1",
      version: "test",
      runtimes: [this.runtime],
      store: new MemoryStateStore({ disk: this.disk }),
      clock: this.clock,
      random: new SeededRandom(1),
      telemetry: { ...noTelemetry, count: (name, labels) => this.counted.push([name, labels]) },
      hostPolicy: {
        current: () => this.policy,
        onChange: (listener) => {
          this.listeners.add(listener);
          return () => this.listeners.delete(listener);
        },
      },
    });
  }

  async #boot(): Promise<void> {
    const started = this.engine.start(new AbortController().signal);
    await this.clock.settle();
    await started;
    await this.clock.settle();
  }
}

/** The safe policy that allows one folder besides. */
export function policyAllowing(path: string, more: Partial<HostPolicyRules> = {}): HostPolicy {
  return hostPolicyOf({
    ...safeHostPolicyRules,
    allowedHostPaths: [{ path, readOnly: false }],
    ...more,
  });
}
