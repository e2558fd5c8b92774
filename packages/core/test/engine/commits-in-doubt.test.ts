import { MemoryStateStore } from "@persys/adapters/memory";
import type { Write } from "@persys/core";
import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

function isIntentToStart(batch: readonly Write[]): boolean {
  return batch.some((one) => one.kind === "put-record" && one.record.intent?.step === "start");
}

describe("a commit of which it is not known whether it took effect", () => {
  it.each([true, false])("is repeated whole before anything else (stored: %s)", async (stored) => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.store.failNext({ stored, effect: "unknown" });

    await expect(
      node.apply("web", { ...serve, note: "2" }, { revisionId: "r2" }),
    ).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", effect: "unknown" });
    await node.after(20_000);

    expect(node.status("web")).toMatchObject({ revisionId: "r2", actual: "running" });
  });

  it("that created a workload is repeated though nobody asks again", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    node.store.failNext({ times: 5, effect: "unknown" });

    await expect(node.apply("web", serve)).rejects.toMatchObject({ effect: "unknown" });
    await node.after(30_000);

    expect(node.status("web").actual).toBe("running");
  });

  it.each([true, false])(
    "of the only start of a job does not cost it that start (stored: %s)",
    async (stored) => {
      const node = await SimulatedNode.start();
      node.store.failNext({ effect: "unknown", stored, fits: isIntentToStart });

      await node.apply("job", { program: "exit", restartPolicy: { policy: "no" } });
      await node.after(30_000);

      expect(node.world.journal.count("start")).toBe(1);
      expect(node.status("job")).toMatchObject({ actual: "stopped", restarts: 0 });
    },
  );

  it("of a start that is made all the same counts it once", async () => {
    const node = await SimulatedNode.start();
    node.store.failNext({ effect: "unknown", stored: true, fits: isIntentToStart });

    await node.apply("web", serve);
    await node.after(30_000);

    const reader = new MemoryStateStore({ disk: node.disk });
    const { records } = await reader.open(new AbortController().signal);
    expect(records.map((one) => one.wanted.starts)).toEqual([1]);
  });

  it("does not win over a later request", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.store.failNext({ stored: true });
    await expect(node.want("web", "stopped")).rejects.toMatchObject({ effect: "unknown" });

    await node.want("web", "running");
    await node.after(15_000);

    expect(node.status("web")).toMatchObject({ desired: "running", actual: "running" });
    expect(node.world.liveCount("web")).toBe(1);
  });

  it("of a deletion ends in nothing being left", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.store.failNext({ times: 3, stored: true });

    await expect(node.remove("web")).rejects.toMatchObject({ effect: "unknown" });
    await node.after(60_000);

    expect(node.ids).toEqual([]);
    expect(node.world.ids).toEqual([]);
    expect(node.disk.records.size).toBe(0);
  });

  it.each([
    ["at once", 0],
    ["as soon as it is known", 3],
  ])(
    "while something is prepared calls that off for a delete that was stored unacknowledged, %s",
    async (_, times) => {
      const node = await SimulatedNode.start();
      node.world.faults.hangNext("prepare");
      await node.apply("web", serve);
      node.store.failNext({ stored: true });
      if (times > 0) node.store.failNext({ times });

      await expect(node.remove("web")).rejects.toMatchObject({ effect: "unknown" });
      await node.after(2_000);

      expect(node.ids).toEqual([]);
      expect(node.world.ids).toEqual([]);
    },
  );
});
