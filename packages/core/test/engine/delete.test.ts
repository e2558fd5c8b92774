import type { Write } from "@persys/core";
import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";
import { transient } from "../support/trouble.ts";

const serve = { program: "serve" };

function expectNothingLeft(node: SimulatedNode): void {
  expect(node.world.ids).toEqual([]);
  expect(node.ids).toEqual([]);
  expect([...node.disk.records.keys()]).toEqual([]);
  expect(() => node.status("web")).toThrow("workload not found");
  node.world.assertSound();
}

describe("delete", () => {
  it("removes everything and forgets the workload (I8)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    const answer = await node.remove("web");
    await node.clock.settle();

    expect(answer.existed).toBe(true);
    expectNothingLeft(node);
  });

  it("of an unknown id succeeds and says so", async () => {
    const node = await SimulatedNode.start();

    expect(await node.remove("web")).toMatchObject({ existed: false });
    expect(node.store.commits).toBe(0);
  });

  it("that was stored and not acknowledged leaves nothing seen to the next creation: that is looked at itself", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const forgets = (batch: readonly Write[]): boolean =>
      batch.some((write) => write.kind === "delete-record");
    node.store.failNext({ stored: true, fits: forgets });
    node.store.failNext({ fits: forgets, times: 5 });
    await node.remove("web");
    node.store.clearFaults();
    const { observe } = node.world.reads;
    node.world.faults.hangNext("prepare");

    await node.apply("web", serve, { revisionId: "r2" });

    expect(node.status("web").revisionId).toBe("r2");
    expect(node.world.reads.observe).toBe(observe + 1);
  });

  it("twice has the effect of one (I6)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web", "r1", { stopMs: 5_000 });
    node.world.faults.hangNext("remove");
    await node.remove("web");

    expect(await node.remove("web")).toMatchObject({ existed: true });
    node.world.faults.clear();
    await node.after(10_000);

    expect(node.world.journal.count("remove")).toBe(1);
    expectNothingLeft(node);
  });

  it("during an update removes the kept instance, too", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("web", { ...serve, note: "2" }, { revisionId: "r2" });
    expect(node.world.instancesOf("web")).toHaveLength(2);

    await node.remove("web");
    await node.after(1_000);

    expectNothingLeft(node);
  });

  it.each([
    ["a prepare", { prepareMs: 600_000 }],
    ["a start", { startMs: 60_000 }],
  ])("calls off %s under way and leaves nothing of it", async (_, slow) => {
    const node = await SimulatedNode.start();
    await node.apply("web", { ...serve, ...slow });

    await node.remove("web");
    await node.after(1_000);

    expectNothingLeft(node);
  });

  it("calls off a replacement under way", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("web", { ...serve, startMs: 60_000 }, { revisionId: "r2" });

    await node.remove("web");
    await node.after(1_000);

    expectNothingLeft(node);
  });

  it("is not overtaken: an apply while it is under way is a new creation afterwards", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const { uid } = node.status("web");
    node.world.faults.hangNext("remove");
    await node.remove("web");

    const answer = await node.apply("web", { ...serve, note: "new" }, { revisionId: "r9" });
    expect(answer).toMatchObject({ applied: true, status: { actual: "pending" } });
    node.world.faults.clear();
    await node.after(15_000);

    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r9" });
    expect(node.status("web").uid).not.toBe(uid);
    expect(node.world.instancesOf("web")).toMatchObject([{ uid: node.status("web").uid }]);
  });

  it("is not undone by an apply that arrives while the workload is being forgotten", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    for (let round = 0; round < 30; round += 1) {
      const removing = node.api.remove("web", { identity: "test" });
      // Another moment of the deletion in every round.
      for (let turn = 0; turn < round * 2; turn += 1) await Promise.resolve();
      const applying = node.sendApply("web", serve, { revisionId: `r${round}` });
      await node.after(15_000);
      await removing;

      expect(await applying).toMatchObject({ applied: true });
      expect(node.status("web")).toMatchObject({ actual: "running", revisionId: `r${round}` });
    }
    node.world.assertSound();
  });

  it("wins over an apply before it that waits for the store", async () => {
    const node = await SimulatedNode.start();
    const release = node.store.hang();
    const applying = node.sendApply("web", serve);
    const removing = node.api.remove("web", { identity: "test" });
    await node.clock.settle();
    release();
    await node.after(5_000);

    await applying;
    expect(await removing).toMatchObject({ existed: true });
    expectNothingLeft(node);
  });

  it.each(["before", "midway", "after"] as const)(
    "survives a kill of the agent %s the end of the removal (I1)",
    async (at) => {
      const node = await SimulatedNode.start();
      await node.settled("web");
      node.world.faults.hangNext("remove", { at });
      await node.remove("web");

      await node.crash();
      node.world.faults.clear();
      await node.boot();
      await node.after(5_000);

      expectNothingLeft(node);
    },
  );

  it("never gives up, and shows why it is not done (I9)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.world.faults.failNext("remove", transient("STORAGE_ERROR"), { times: 12 });

    await node.remove("web");
    expect(node.status("web")).toMatchObject({
      actual: "failed",
      desired: "deleted",
      failure: { reason: "STORAGE_ERROR", retryable: true },
    });
    await node.after(3_600_000);

    expectNothingLeft(node);
  });

  it("is forgotten though the store did not take that at first, without any list", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 }, events: false });
    await node.settled("web");
    node.store.failNext({ fits: (batch) => batch.some((write) => write.kind === "delete-record") });

    await node.remove("web");
    await node.after(10_000);

    expect(node.ids).toEqual([]);
    expect([...node.disk.records.keys()]).toEqual([]);
  });
});
