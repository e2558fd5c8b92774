import { ManualClock, SimulatedRuntime, SimulatedWorld } from "@persys/conformance";
import type { WorkloadRuntime } from "@persys/core";
import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

/** A second runtime, with a world of its own that answers or not. */
function secondRuntime(isReachable: boolean): {
  readonly world: SimulatedWorld;
  readonly others: (clock: ManualClock) => readonly WorkloadRuntime[];
} {
  const world = new SimulatedWorld({ clock: new ManualClock() });
  world.setUnreachable(!isReachable);
  return { world, others: () => [new SimulatedRuntime(world, { type: "second" })] };
}

describe("the agent's health", () => {
  it("counts the workloads by state", async () => {
    const node = await SimulatedNode.start();
    await node.settled("runs");
    await node.settled("stopped");
    await node.want("stopped", "stopped");
    await node.apply("failed", { ...serve, prepareFails: "IMAGE_NOT_FOUND" });
    await node.apply("pending", { ...serve, prepareMs: 600_000 });

    expect(node.api.health()).toMatchObject({
      healthy: true,
      nodeId: "node-1",
      runtimes: { simulated: "healthy" },
      store: "healthy",
      workloads: { running: 1, stopped: 1, failed: 1, pending: 1, unknown: 0 },
      orphans: [],
    });
  });

  it("is bad while a runtime does not answer, and good again when it does", async () => {
    const node = await SimulatedNode.start();
    node.world.setUnreachable(true);
    await node.after(31_000);

    expect(node.api.health()).toMatchObject({ healthy: false, store: "healthy" });
    expect(node.api.health().runtimes["simulated"]).toContain("unhealthy: ");
    expect(node.api.health().reasons).toEqual([
      expect.stringContaining("runtime simulated: unhealthy: "),
    ]);
    node.world.setUnreachable(false);
    await node.after(31_000);
    expect(node.api.health()).toMatchObject({ healthy: true, reasons: [] });
  });

  it("does not suffer from a runtime that was never there, until it has a workload", async () => {
    const second = secondRuntime(false);
    const node = await SimulatedNode.start({ others: second.others });

    expect(node.api.health()).toMatchObject({
      healthy: true,
      reasons: [],
      runtimes: { simulated: "healthy", second: expect.stringContaining("unhealthy: ") },
    });
    expect(Object.keys(node.api.health().runtimeVersions)).toEqual(["simulated"]);
    await node.apply("web", serve, { type: "second" });

    expect(node.api.health().healthy).toBe(false);
    await node.remove("web");
    second.world.setUnreachable(false);
    await node.after(31_000);
    expect(node.api.health()).toMatchObject({ healthy: true, runtimes: { second: "healthy" } });
  });

  it("suffers from a runtime that has been there and is no more, though it has no workload", async () => {
    const second = secondRuntime(true);
    const node = await SimulatedNode.start({ others: second.others });
    expect(node.api.health().healthy).toBe(true);

    second.world.setUnreachable(true);
    await node.after(31_000);

    expect(node.api.health().healthy).toBe(false);
  });

  it("is bad where no runtime at all answers", async () => {
    const node = SimulatedNode.idle();
    node.world.setUnreachable(true);

    await node.boot();

    expect(node.api.health().healthy).toBe(false);
  });

  it("is bad while the store does not take commits", async () => {
    const node = await SimulatedNode.start();
    node.store.failNext();
    await node.apply("web", serve).catch(() => {});

    expect(node.api.health()).toMatchObject({ healthy: false });
    await node.apply("web", serve);
    expect(node.api.health()).toMatchObject({ healthy: true });
  });

  it("stays bad while something cannot be stored, but not for ever for a request that nobody repeats", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.store.failNext({ times: 1_000_000 });
    node.world.kill("web");
    await node.after(600_000);
    expect(node.api.health().store).toContain("unhealthy: ");
    node.store.clearFaults();
    await node.after(11_000);
    expect(node.api.health().store).toBe("healthy");

    node.store.failNext();
    await node.apply("db", serve).catch(() => {});
    expect(node.api.health().store).toContain("unhealthy: ");
    await node.after(61_000);
    expect(node.api.health().store).toBe("healthy");
  });

  it("shows orphans, which are never touched (I5)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.world.addOrphan("lost");
    node.world.addStranger("foreign");
    const changes = node.world.journal.count();

    await node.after(3_600_000);

    expect(node.api.health().orphans).toEqual(["simulated/lost"]);
    expect(node.world.liveCount("lost")).toBe(1);
    expect(node.world.journal.count()).toBe(changes);
  });

  it("shows at most 100 orphans (I12)", async () => {
    const node = await SimulatedNode.start();
    for (let at = 0; at < 150; at += 1) node.world.addOrphan(`lost-${at}`);

    await node.after(31_000);

    expect(node.api.health().orphans).toHaveLength(100);
  });

  it("tells an instance whose health check fails", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    node.world.setHealth("web", "unhealthy");
    await node.clock.settle();

    expect(node.status("web")).toMatchObject({
      actual: "failed",
      health: "unhealthy",
      failure: { reason: "UNHEALTHY", retryable: true },
    });
    node.world.setHealth("web", "healthy");
    await node.clock.settle();
    expect(node.status("web").actual).toBe("running");
  });
});
