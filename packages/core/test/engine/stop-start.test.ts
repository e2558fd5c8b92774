import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";
import { transient } from "../support/trouble.ts";

describe("wanted stopped", () => {
  it("stops what runs and keeps it for a later start", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const [before] = node.world.instancesOf("web");

    await node.want("web", "stopped");

    expect(node.status("web")).toMatchObject({ actual: "stopped", desired: "stopped" });
    expect(node.world.liveCount("web")).toBe(0);
    await node.want("web", "running");
    await node.after(11_000);
    expect(node.world.instancesOf("web")).toMatchObject([{ handle: before?.handle }]);
    expect(node.status("web").actual).toBe("running");
  });

  it("stops what is paused or was started by somebody else", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.want("web", "stopped");

    node.world.startBehind("web");
    await node.clock.settle();
    expect(node.world.liveCount("web")).toBe(0);
    node.world.startBehind("web");
    node.world.pause("web");
    await node.clock.settle();

    expect(node.world.liveCount("web")).toBe(0);
    expect(node.status("web").actual).toBe("stopped");
  });

  it("is not restarted when it ends, nor when the agent starts", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.want("web", "stopped");
    const before = node.world.journal.count();

    await node.restart();
    await node.after(60_000);

    expect(node.world.journal.count()).toBe(before);
  });

  it("calls off a start under way, and the last request wins (I2)", async () => {
    const node = await SimulatedNode.start();
    await node.apply("web", { program: "serve", startMs: 60_000 });

    await node.want("web", "stopped");
    await node.after(1_000);

    expect(node.world.journal.entries.map((one) => `${one.op} ${one.outcome}`)).toEqual([
      "prepare done",
      "start aborted",
    ]);
    expect(node.status("web").actual).toBe("stopped");
    expect(node.world.liveCount("web")).toBe(0);
    node.world.assertSound();
  });

  it("prepares a new revision now and makes it at the next start", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.want("web", "stopped");

    const spec = { program: "serve", note: "2" };
    await node.apply("web", spec, { revisionId: "r2", desired: "stopped" });
    expect(node.world.journal.of("web").at(-1)).toBe("prepare r2");
    expect(node.status("web")).toMatchObject({ actual: "stopped", revisionId: "r2" });
    await node.want("web", "running");
    await node.after(15_000);

    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r2" });
    expect(node.world.instancesOf("web")).toHaveLength(1);
  });

  it("never gives up a stop that fails, and shows it (I9)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.world.faults.failNext("stop", transient(), { times: 6 });

    await node.want("web", "stopped");
    expect(node.status("web")).toMatchObject({
      actual: "failed",
      failure: { reason: "RUNTIME_ERROR", retryable: true },
    });
    await node.after(300_000);

    expect(node.status("web").actual).toBe("stopped");
  });
});
