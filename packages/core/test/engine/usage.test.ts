import { type ManualClock, SimulatedRuntime, SimulatedWorld } from "@persys/conformance";
import { AgentError, silentLogger, type UsageSnapshot, type WorkloadId } from "@persys/core";
import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const type = "measured";

/** A simulated runtime that measures: more memory each time it is asked. */
class MeasuredRuntime extends SimulatedRuntime {
  readonly #clock: ManualClock;
  readonly asked: (readonly WorkloadId[])[] = [];
  failure: AgentError | undefined;
  hangs = false;

  constructor(world: SimulatedWorld, clock: ManualClock) {
    super(world, { type });
    this.#clock = clock;
  }

  async usage(ids: readonly WorkloadId[]): Promise<ReadonlyMap<WorkloadId, UsageSnapshot>> {
    this.asked.push(ids);
    if (this.failure !== undefined) throw this.failure;
    if (this.hangs) await new Promise(() => {});
    const usage = {
      cpuPercent: 12.5,
      memoryBytes: this.asked.length * 1_000,
      diskReadBytes: 1,
      diskWriteBytes: 2,
      netRxBytes: 3,
      netTxBytes: 4,
      collectedAtMs: this.#clock.wallMs(),
      source: "test",
    };
    return new Map(ids.map((id) => [id, usage]));
  }
}

async function measuredNode(usageIntervalMs = 60_000): Promise<{
  readonly node: SimulatedNode;
  readonly runtime: MeasuredRuntime;
  readonly world: SimulatedWorld;
  readonly errors: readonly string[];
}> {
  const errors: string[] = [];
  let made: { readonly runtime: MeasuredRuntime; readonly world: SimulatedWorld } | undefined;
  const node = await SimulatedNode.start({
    policy: { usageIntervalMs },
    logger: { ...silentLogger, error: (message) => errors.push(message) },
    others: (clock) => {
      const world = new SimulatedWorld({ clock });
      made = { world, runtime: new MeasuredRuntime(world, clock) };
      return [made.runtime];
    },
  });
  if (made === undefined) throw new Error("the node was made without the runtime");
  await node.apply("web", { program: "serve" }, { type });
  return { node, errors, ...made };
}

describe("what a workload uses", () => {
  it("is in its status once it was measured, and again every interval", async () => {
    const { node } = await measuredNode();
    expect(node.status("web").usage).toBeUndefined();

    await node.after(5_000);
    expect(node.status("web").usage).toMatchObject({ memoryBytes: 1_000, source: "test" });

    await node.after(60_000);
    expect(node.status("web").usage).toMatchObject({ memoryBytes: 2_000 });
  });

  it("is read without a call of the runtime", async () => {
    const { node, runtime } = await measuredNode();
    await node.after(5_000);

    for (let read = 0; read < 10; read += 1) node.status("web");

    expect(runtime.asked).toHaveLength(1);
  });

  it("is measured of what runs only, and not told of another run", async () => {
    const { node, runtime, world } = await measuredNode();
    await node.after(6_000);

    world.kill("web");
    await node.after(2_000);
    expect(node.status("web").usage).toBeUndefined();

    await node.want("web", "stopped");
    await node.after(60_000);
    expect(runtime.asked).toHaveLength(1);
  });

  it("is the last that was known while it cannot be measured, and never a failure", async () => {
    const { node, runtime } = await measuredNode();
    await node.after(15_000);
    runtime.failure = new AgentError("RUNTIME_UNAVAILABLE", "gone", { retryable: true });

    await node.after(120_000);

    expect(node.status("web")).toMatchObject({
      actual: "running",
      usage: { memoryBytes: 1_000 },
    });
    runtime.failure = undefined;
    await node.after(60_000);
    expect(node.status("web").usage?.memoryBytes).toBeGreaterThan(1_000);
  });

  it("is not asked for again while a measurement does not return, which is told once", async () => {
    const { node, runtime, errors } = await measuredNode();
    runtime.hangs = true;

    await node.after(600_000);

    expect(runtime.asked).toHaveLength(1);
    expect(errors).toEqual(["a runtime call does not return"]);
  });

  it("is not measured with an interval of 0", async () => {
    const { node, runtime } = await measuredNode(0);

    await node.after(600_000);

    expect(runtime.asked).toEqual([]);
  });
});
