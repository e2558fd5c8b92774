import { describe, expect, it } from "vitest";
import { caller, SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

describe("stopping the engine", () => {
  it("ends at once when nothing is under way, and leaves no timer and no listener", async () => {
    const node = await SimulatedNode.start();
    for (let at = 0; at < 200; at += 1) await node.apply(`w${at}`, serve);
    await node.after(3_000);

    const tookMs = await node.stop();

    expect(tookMs).toBe(0);
    expect(node.clock.pendingTimers).toBe(0);
    expect(node.world.events.listeners).toBe(0);
    expect(node.world.instances.get("w7")?.current?.state).toBe("running");
  });

  it("may be repeated, and refuses requests from its beginning on", async () => {
    const node = await SimulatedNode.start();
    const first = node.engine.stop();
    const second = node.engine.stop();
    await expect(node.apply("web", serve)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      retryable: true,
    });
    await node.after(10_000);
    await Promise.all([first, second]);

    expect(() => node.api.list({})).toThrow("stopping");
  });

  it("lets a short step end, and calls a long one off", async () => {
    const node = await SimulatedNode.start();
    await node.apply("short", { ...serve, startMs: 1_000 });
    await node.apply("long", { ...serve, startMs: 60_000 });
    await node.apply("pull", { ...serve, prepareMs: 600_000 });

    const tookMs = await node.stop();

    expect(tookMs).toBeLessThanOrEqual(2_000);
    expect(node.world.liveCount("short")).toBe(1);
    expect(node.world.liveCount("long")).toBe(0);
    expect(node.clock.pendingTimers).toBe(0);
    await node.boot();
    await node.after(80_000);
    expect(node.status("long").actual).toBe("running");
  });

  it.each(["start", "prepare", "observe", "list"] as const)(
    "is bounded though a call of %s never returns",
    async (call) => {
      const node = await SimulatedNode.start();
      await node.settled("web");
      node.world.faults.hangNext(call, { ignoresAbort: true, times: 5 });
      if (call === "start" || call === "observe") node.world.kill("web");
      if (call === "prepare") await node.apply("web", { ...serve, note: "2" });
      await node.after(31_000);

      const tookMs = await node.stop();

      expect(tookMs).toBeLessThanOrEqual(15_000);
      await node.after(10_000);
      expect(node.clock.pendingTimers).toBe(0);
      const changes = node.world.journal.count();
      node.world.faults.clear();
      await node.after(60_000);
      expect(node.world.journal.count()).toBe(changes);
    },
  );

  it("is bounded though a commit never returns", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.store.hang();
    const asked = node.api.remove("web", caller).catch((error: unknown) => error);
    await node.clock.settle();

    const tookMs = await node.stop();

    expect(tookMs).toBeLessThanOrEqual(25_000);
    await node.after(30_000);
    expect(await asked).toMatchObject({ code: "STORE_UNAVAILABLE", effect: "unknown" });
    expect(node.clock.pendingTimers).toBe(0);
  });

  it("during the start ends that, too", async () => {
    const node = SimulatedNode.idle();
    node.world.faults.hangNext("list");
    const starting = node.beginBoot();
    await node.clock.settle();

    await node.stop();
    await starting;

    expect(node.clock.pendingTimers).toBe(0);
    expect(() => node.api.list({})).toThrow("stopping");
  });

  it("before the start keeps it from starting", async () => {
    const node = SimulatedNode.idle();
    node.makeEngine();
    await node.stop();

    await expect(node.engine.start(new AbortController().signal)).rejects.toThrow();
  });

  it("wakes no workload any more though events come late", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const { observe } = node.world.reads;
    await node.stop();

    node.world.kill("web");
    await node.after(60_000);

    expect(node.world.reads.observe).toBe(observe);
    expect(node.world.liveCount("web")).toBe(0);
  });

  it("stores nothing that a look finds which returns only after the end", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const release = node.world.faults.hangNext("observe", { ignoresAbort: true, at: "after" });
    node.world.kill("web");
    await node.clock.settle();
    await node.stop();
    const { commits } = node.store;

    release();
    await node.after(60_000);

    expect(node.store.commits).toBe(commits);
    expect(node.clock.pendingTimers).toBe(0);
  });
});
