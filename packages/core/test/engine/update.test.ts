import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";
import { transient } from "../support/trouble.ts";

const second = { program: "serve", note: "2" };

describe("an update", () => {
  it("replaces only after prepare, keeps the old instance until the new one has settled, then retires it", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await node.apply("web", second, { revisionId: "r2" });
    expect(node.world.instancesOf("web")).toHaveLength(2);
    await node.after(11_000);

    expect(node.world.journal.of("web")).toEqual([
      "prepare r1",
      "start r1",
      "prepare r2",
      "replace r2",
      "retire",
    ]);
    expect(node.world.instancesOf("web")).toHaveLength(1);
    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r2" });
    node.world.assertSound();
  });

  it("is never said to run while the old revision does", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await node.apply("web", { ...second, prepareMs: 60_000 }, { revisionId: "r2" });
    await node.after(30_000);

    expect(node.status("web")).toMatchObject({
      actual: "pending",
      revisionId: "r2",
      observedRevisionId: "r1",
    });
    expect(node.world.liveCount("web")).toBe(1);
  });

  it("of what was stopped starts the new revision alone, once it is prepared", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.want("web", "stopped");
    await node.after(1_000);

    await node.apply("web", { ...second, prepareMs: 60_000 }, { revisionId: "r2" });
    await node.after(30_000);
    expect(node.world.liveCount("web")).toBe(0);
    await node.after(60_000);

    expect(node.world.journal.of("web")).toEqual([
      "prepare r1",
      "start r1",
      "stop",
      "prepare r2",
      "replace r2",
      "retire",
    ]);
    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r2" });
  });

  it("of what was stopped starts the old revision should the new one not be possible", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.want("web", "stopped");
    await node.after(1_000);

    await node.apply("web", { ...second, prepareFails: "IMAGE_NOT_FOUND" }, { revisionId: "r2" });
    await node.after(5_000);

    expect(node.status("web")).toMatchObject({ actual: "failed", observedRevisionId: "r1" });
    expect(node.world.liveCount("web")).toBe(1);
  });

  it("whose prepare fails leaves the old revision running, and healed when it is killed or removed", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await node.apply("web", { ...second, prepareFails: "IMAGE_NOT_FOUND" }, { revisionId: "r2" });
    await node.after(5_000);
    expect(node.status("web")).toMatchObject({
      actual: "failed",
      observedRevisionId: "r1",
      failure: { reason: "IMAGE_NOT_FOUND", retryable: false },
    });
    node.world.kill("web");
    await node.clock.settle();
    expect(node.world.liveCount("web")).toBe(1);
    await node.after(15_000);
    node.world.removeBehind("web");
    await node.after(15_000);

    expect(node.world.liveCount("web")).toBe(1);
    expect(node.status("web")).toMatchObject({ actual: "failed", observedRevisionId: "r1" });
    expect(node.world.journal.count("replace")).toBe(0);
  });

  it("whose prepare fails for want of a network goes on when that is back", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.world.faults.failNext("prepare", transient("NETWORK_ERROR"), { times: 4 });

    await node.apply("web", second, { revisionId: "r2" });
    expect(node.status("web")).toMatchObject({ actual: "failed", observedRevisionId: "r1" });
    await node.after(60_000);

    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r2" });
  });

  it("that does not settle in three attempts gives way to the old revision, which is healed", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await node.apply("web", { program: "exit", exitCode: 1 }, { revisionId: "r2" });
    await node.after(30_000);

    expect(node.status("web")).toMatchObject({
      actual: "failed",
      observedRevisionId: "r1",
      failure: { reason: "NOT_SETTLED" },
    });
    expect(node.status("web").message).toContain("r1");
    expect(node.status("web").message).toContain("r2");
    node.world.kill("web");
    await node.clock.settle();
    expect(node.world.liveCount("web")).toBe(1);
    node.world.assertSound();
  });

  it("that does not settle is tried for ever where that is the policy", async () => {
    const node = await SimulatedNode.start({ policy: { updatePolicy: "keep-trying" } });
    await node.settled("web");

    await node.apply("web", { program: "exit", exitCode: 1 }, { revisionId: "r2" });
    await node.after(120_000);

    expect(node.world.journal.count("restore")).toBe(0);
    expect(node.world.journal.of("web").at(-1)).toBe("start r2");
    expect(node.status("web")).toMatchObject({ actual: "failed", failure: { retryable: true } });
  });

  it("that was given up is tried again by a retry and by the same apply", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const broken = { program: "exit", exitCode: 1 };
    await node.apply("web", broken, { revisionId: "r2" });
    await node.after(60_000);
    const before = node.world.journal.count("replace");

    expect(await node.retry("web")).toBe(true);
    await node.after(60_000);
    expect(node.world.journal.count("replace")).toBe(before + 1);
    await node.apply("web", broken, { revisionId: "r2" });
    await node.after(60_000);

    expect(node.world.journal.count("replace")).toBe(before + 2);
    expect(node.status("web")).toMatchObject({ actual: "failed", observedRevisionId: "r1" });
  });

  it("is not overtaken by a restart of the old revision that was planned before it", async () => {
    const node = await SimulatedNode.start();
    await node.apply("web", { program: "exit", exitCode: 1 }, { revisionId: "r1" });
    await node.after(10_000);
    const starts = node.world.journal.count("start");
    const release = node.store.hang();
    const updating = node.sendApply("web", second, { revisionId: "r2" });
    await node.after(9_000);

    release();
    await node.clock.settle();

    expect(await updating).toMatchObject({ applied: true });
    expect(node.world.journal.of("web")[starts + 1]).toBe("prepare r2");
  });

  it("back to the revision that runs leaves it undisturbed", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const [before] = node.world.instancesOf("web");
    const { run } = before ?? {};

    await node.apply("web", { ...second, prepareMs: 60_000 }, { revisionId: "r2" });
    await node.apply("web", { program: "serve" }, { revisionId: "r1" });
    await node.after(15_000);

    expect(node.world.instancesOf("web")).toMatchObject([{ revisionId: "r1", run }]);
    expect(node.status("web").actual).toBe("running");
  });

  it.each(["before", "midway", "after"] as const)(
    "goes on where the agent was killed %s the end of a replacement",
    async (at) => {
      const node = await SimulatedNode.start();
      await node.settled("web");
      node.world.faults.hangNext("replace", { at });
      await node.apply("web", second, { revisionId: "r2" });

      await node.crash();
      node.world.faults.clear();
      await node.boot();
      await node.after(30_000);

      expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r2" });
      expect(node.world.instancesOf("web")).toHaveLength(1);
      node.world.assertSound();
    },
  );
});
