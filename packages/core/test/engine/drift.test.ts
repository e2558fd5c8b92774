import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

describe("configuration drift", () => {
  it("is seen through an event and repaired at once", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");

    node.world.setDrift("web", ["memory limit"]);
    await node.after(1_000);

    expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1", "replace r1"]);
    expect(node.world.instancesOf("web")[0]?.drift).toEqual([]);
    await node.after(11_000);
    expect(node.status("web").actual).toBe("running");
    await node.stop();
  });

  it("that comes back each time is repaired with a growing delay, never in a tight loop", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    for (let i = 0; i < 20; i += 1) {
      node.world.setDrift("web", ["memory limit"]);
      await node.after(500);
    }

    expect(node.world.journal.count("replace")).toBeLessThan(8);
    await node.stop();
  });

  it("of a fallback whose prepared things were lost is repaired after another prepare", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const bad = { program: "serve", prepareFails: "IMAGE_NOT_FOUND" };
    await node.apply("web", bad, { revisionId: "r2" });
    await node.after(5_000);

    node.world.losePrepared("web");
    node.world.setDrift("web", ["memory limit"]);
    await node.after(60_000);

    expect(node.world.instancesOf("web")).toMatchObject([{ revisionId: "r1", drift: [] }]);
    await node.stop();
  });
});
