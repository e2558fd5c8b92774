import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

describe("a prepare", () => {
  it("shows its progress in the status without a commit", async () => {
    const node = await SimulatedNode.start();

    await node.apply("web", { ...serve, prepareMs: 60_000 }, { revisionId: "r1" });

    expect(node.status("web")).toMatchObject({ actual: "pending", message: "preparing r1" });
  });

  it("is called off by a newer revision, at once (I2)", async () => {
    const node = await SimulatedNode.start();
    await node.apply("web", { ...serve, prepareMs: 600_000 }, { revisionId: "r1" });

    await node.apply("web", serve, { revisionId: "r2" });

    expect(node.world.journal.of("web")).toEqual(["prepare r1", "prepare r2", "start r2"]);
    expect(node.world.journal.entries[0]?.outcome).toBe("aborted");
    await node.after(11_000);
    expect(node.world.instances.get("web")?.prepared).toHaveLength(1);
  });

  it("lets a killed old instance be healed first, and goes on afterwards", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("web", { ...serve, prepareMs: 30_000 }, { revisionId: "r2" });
    await node.after(5_000);

    node.world.kill("web");
    await node.clock.settle();
    expect(node.world.liveCount("web")).toBe(1);
    expect(node.world.journal.of("web").slice(2)).toEqual(["prepare r2", "start r1", "prepare r2"]);
    await node.after(60_000);

    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r2" });
  });

  it("does not keep a listing from showing that the old instance was killed unnoticed", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("web", { ...serve, prepareMs: 600_000 }, { revisionId: "r2" });
    node.world.events.deliver({ drop: true });

    node.world.kill("web");
    await node.after(31_000);

    expect(node.world.liveCount("web")).toBe(1);
  });

  it("is no longer waited for than its deadline, and is tried again", async () => {
    const node = await SimulatedNode.start({ policy: { prepareTimeoutMs: 5_000 } });
    node.world.faults.hangNext("prepare");
    await node.apply("web", serve);

    await node.after(5_000);
    expect(node.status("web")).toMatchObject({ actual: "failed", failure: { reason: "TIMEOUT" } });
    await node.after(15_000);

    expect(node.status("web").actual).toBe("running");
  });

  it("is done again when what it made was lost before the start", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.world.losePrepared("web");

    node.world.removeBehind("web");
    await node.after(30_000);

    expect(node.status("web").actual).toBe("running");
    expect(node.world.journal.count("prepare")).toBe(2);
  });
});
