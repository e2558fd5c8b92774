import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

describe("a call that hangs", () => {
  it("is called off at its deadline, shown, and tried again", async () => {
    const node = await SimulatedNode.start({ policy: { stepTimeoutMs: 10_000 } });
    node.world.faults.hangNext("start");
    await node.apply("web", serve);

    await node.after(10_000);

    expect(node.status("web")).toMatchObject({
      actual: "failed",
      failure: { reason: "TIMEOUT", retryable: true },
    });
    await node.after(15_000);
    expect(node.status("web").actual).toBe("running");
    node.world.assertSound();
  });

  it("and does not even return when called off is shown, and nothing else is tried on its workload", async () => {
    const node = await SimulatedNode.start({ policy: { stepTimeoutMs: 10_000 } });
    const release = node.world.faults.hangNext("start", { ignoresAbort: true });
    await node.apply("web", serve);
    await node.after(16_000);

    expect(node.status("web")).toMatchObject({ actual: "unknown", failure: { reason: "TIMEOUT" } });
    expect(node.status("web").message).toContain("start of web was called off");
    expect(node.api.explain("web").blockedBy).toContain("has not returned");
    await node.remove("web");
    await node.after(600_000);
    expect(node.world.journal.of("web").filter((one) => one === "remove")).toEqual([]);
    expect(node.ids).toEqual(["web"]);

    release();
    await node.after(5_000);
    expect(node.ids).toEqual([]);
    expect(node.world.ids).toEqual([]);
    node.world.assertSound();
  });

  it("and never returns takes no place in the budget from the others", async () => {
    const node = await SimulatedNode.start({
      policy: { stepsAtOnce: 2, observesAtOnce: 2, stepTimeoutMs: 10_000 },
    });
    for (const id of ["a", "b", "c"]) await node.settled(id);
    node.world.faults.hangNext("start", { ignoresAbort: true, id: "a" });
    node.world.faults.hangNext("observe", { ignoresAbort: true, id: "b" });
    node.world.kill("a");
    node.world.kill("b");
    await node.after(60_000);

    for (let round = 0; round < 3; round += 1) {
      node.world.kill("c");
      await node.after(12_000);
      expect(node.world.liveCount("c")).toBe(1);
    }
    expect(node.status("b")).toMatchObject({ actual: "unknown", failure: { reason: "TIMEOUT" } });
  });

  it("while looking makes only that workload unknown, within the deadline", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");
    node.world.faults.hangNext("observe");

    node.world.kill("web");
    await node.after(30_000);

    expect(node.status("web").actual).toBe("unknown");
    await node.after(15_000);
    expect(node.status("web").actual).toBe("running");
  });
});

describe("the budgets", () => {
  it("let no pull delay a heal, a stop or a delete", async () => {
    const node = await SimulatedNode.start({ policy: { preparesAtOnce: 2 } });
    for (const id of ["killed", "stopped", "deleted"]) await node.settled(id);
    for (let at = 0; at < 6; at += 1)
      await node.apply(`pull-${at}`, { ...serve, prepareMs: 800_000 });

    node.world.kill("killed");
    await node.want("stopped", "stopped");
    await node.remove("deleted");

    expect(node.world.liveCount("killed")).toBe(1);
    expect(node.status("stopped").actual).toBe("stopped");
    expect(node.ids).not.toContain("deleted");
    expect(node.world.journal.entries.filter((one) => one.outcome === "under way")).toHaveLength(2);
  });

  it("let a delete leave the queue for a prepare at once", async () => {
    const node = await SimulatedNode.start({ policy: { preparesAtOnce: 1 } });
    await node.apply("first", { ...serve, prepareMs: 800_000 });
    await node.apply("second", serve);

    await node.remove("second");

    expect(node.ids).toEqual(["first"]);
    expect(node.world.journal.of("second")).toEqual(["remove"]);
  });

  it("are kept, and given back by whoever has ended", async () => {
    const node = await SimulatedNode.start({ policy: { stepsAtOnce: 3 } });
    let most = 0;
    for (let at = 0; at < 20; at += 1) await node.apply(`w${at}`, { ...serve, startMs: 1_000 });
    for (let tick = 0; tick < 100; tick += 1) {
      await node.after(100);
      const underWay = node.world.journal.entries.filter((one) => one.outcome === "under way");
      most = Math.max(most, underWay.length);
    }
    await node.after(12_000);

    expect(most).toBe(3);
    expect(node.api.list({}).every((one) => one.actual === "running")).toBe(true);
  });

  it("make one look answer all hints that came while it waited for its turn", async () => {
    const node = await SimulatedNode.start({ policy: { observesAtOnce: 1, resyncIntervalMs: 0 } });
    await node.settled("first");
    await node.settled("second");
    const release = node.world.faults.hangNext("observe", { id: "first" });
    node.world.setHealth("first", "healthy");
    await node.clock.settle();
    const before = node.world.reads.observe;

    for (let count = 0; count < 5; count += 1) {
      node.world.setHealth("second", count % 2 === 0 ? "healthy" : "none");
      await node.clock.settle();
    }
    release();
    await node.clock.settle();

    expect(node.world.reads.observe - before).toBe(1);
    expect(node.status("second").health).toBe("healthy");
  });

  it("bound the looks at a time", async () => {
    const node = await SimulatedNode.start({ policy: { observesAtOnce: 4 } });
    for (let at = 0; at < 20; at += 1) await node.apply(`w${at}`, serve);
    await node.after(11_000);
    node.world.latencyMs = { observe: 1_000 };
    const before = node.world.reads.observe;

    node.world.reboot();
    await node.clock.settle();

    expect(node.world.reads.observe - before).toBe(4);
    await node.after(120_000);
    expect(node.api.list({}).every((one) => one.actual === "running")).toBe(true);
  });
});
