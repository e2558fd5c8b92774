import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

describe("apply", () => {
  it("answers pending, starts the workload and says running once it has stayed up", async () => {
    const node = await SimulatedNode.start();

    const result = await node.apply("web", { program: "serve" }, { revisionId: "r1" });

    expect(result).toMatchObject({ applied: true, skipped: false, status: { actual: "pending" } });
    expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1"]);
    expect(node.status("web").actual).toBe("pending");
    await node.after(10_000);
    expect(node.status("web")).toMatchObject({
      actual: "running",
      observedRevisionId: "r1",
      revisionId: "r1",
    });
    node.world.assertSound();
  });

  it("skips the same revision, however often it is applied", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const commits = node.store.commits;

    for (let i = 0; i < 10; i += 1) {
      const again = await node.apply("web", { program: "serve" }, { revisionId: "r1" });
      expect(again).toMatchObject({ applied: false, skipped: true });
    }

    expect(node.store.commits).toBe(commits);
    expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1"]);
  });

  it("refuses another spec under a known revision id", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await expect(
      node.apply("web", { program: "serve", note: "b" }, { revisionId: "r1" }),
    ).rejects.toMatchObject({ code: "REVISION_CONFLICT" });
  });
});

describe("healing", () => {
  it("restarts a killed instance at once, without waiting for a resync", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");

    node.world.kill("web");
    await node.clock.settle();

    expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1", "start r1"]);
    expect(node.status("web").actual).toBe("running");
  });

  it("backs off from the second unexpected end on and shows it", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.world.kill("web");
    await node.clock.settle();
    node.world.kill("web");
    await node.clock.settle();

    expect(node.status("web")).toMatchObject({
      actual: "failed",
      failure: { reason: "EXITED", retryable: true, attempts: 2 },
    });
    expect(node.world.journal.count("start")).toBe(2);
    await node.after(1_000);
    expect(node.world.journal.count("start")).toBe(3);
  });
});

describe("update", () => {
  it("replaces only after prepare, keeps the old instance until the new one has settled, then retires it", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await node.apply("web", { program: "serve", note: "2" }, { revisionId: "r2" });
    expect(node.world.instancesOf("web").length).toBe(2);
    await node.after(11_000);

    expect(node.world.journal.of("web")).toEqual([
      "prepare r1",
      "start r1",
      "prepare r2",
      "replace r2",
      "retire",
    ]);
    expect(node.world.instancesOf("web").length).toBe(1);
    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r2" });
  });

  it("restores the old revision when the new one does not settle in three attempts", async () => {
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
  });
});

describe("delete", () => {
  it("removes everything and forgets the workload", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await node.remove("web");
    await node.clock.settle();

    expect(node.world.ids).toEqual([]);
    expect(node.api.list({})).toEqual([]);
    expect(() => node.status("web")).toThrow("workload not found");
  });
});
