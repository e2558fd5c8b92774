import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";
import { transient } from "../support/trouble.ts";

const serve = { program: "serve" };

describe("events", () => {
  it("that come while a look is under way make for another one", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");
    const release = node.world.faults.hangNext("observe", { at: "after" });
    node.world.setHealth("web", "healthy");
    await node.clock.settle();

    node.world.kill("web");
    release();
    await node.clock.settle();

    expect(node.world.liveCount("web")).toBe(1);
  });

  it("that are lost are made up for by the next listing, which counts them", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.world.events.deliver({ drop: true });

    node.world.kill("web");
    await node.after(1_000);
    expect(node.world.liveCount("web")).toBe(0);
    await node.after(30_000);

    expect(node.world.liveCount("web")).toBe(1);
    expect(node.missedEvents).toBe(1);
  });

  it("that come twice or late do no harm and change nothing", async () => {
    const node = await SimulatedNode.start();
    node.world.events.deliver({ copies: 3, delayMs: 7_000 });
    await node.settled("web");
    await node.apply("web", { ...serve, note: "2" }, { revisionId: "r2" });
    await node.after(60_000);
    const changes = node.world.journal.count();
    const { commits } = node.store;

    await node.after(600_000);

    expect(node.world.journal.count()).toBe(changes);
    expect(node.store.commits).toBe(commits);
    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r2" });
    node.world.assertSound();
  });

  it("of unknown and forgotten workloads are harmless", async () => {
    const node = await SimulatedNode.start();
    node.world.events.deliver({ delayMs: 5_000 });
    await node.settled("web");
    await node.remove("web");
    await node.after(60_000);

    expect(node.ids).toEqual([]);
    expect(node.world.ids).toEqual([]);
  });

  it("that break off are subscribed to again, and the runtime is listed", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");

    node.world.events.breakOff(transient("RUNTIME_UNAVAILABLE"));
    node.world.kill("web");
    await node.after(2_000);

    expect(node.world.liveCount("web")).toBe(1);
    expect(node.world.events.listeners).toBe(1);
    await node.after(20_000);
    node.world.kill("web");
    await node.clock.settle();
    expect(node.world.liveCount("web")).toBe(1);
  });

  it("that break off again and again are not subscribed to in a tight loop", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");
    const before = node.world.reads.list;

    for (let second = 0; second < 600; second += 1) {
      node.world.events.breakOff(transient("RUNTIME_UNAVAILABLE"));
      await node.after(1_000);
    }

    expect(node.world.reads.list - before).toBeLessThan(60);
  });

  it("that tell of anything are answered by a listing, but never by one after the other", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");
    const before = node.world.reads.list;

    for (let count = 0; count < 1_000; count += 1) {
      node.world.events.emit(undefined, "anything");
      await node.after(10);
    }

    expect(node.world.reads.list - before).toBeGreaterThan(8);
    expect(node.world.reads.list - before).toBeLessThan(13);
  });

  it("of a stream that has fallen silent are made up for", async () => {
    const node = await SimulatedNode.start({
      policy: { resyncIntervalMs: 0, eventIdleMs: 60_000 },
    });
    await node.settled("web");
    node.world.events.deliver({ drop: true });
    node.world.kill("web");

    await node.after(70_000);

    expect(node.world.liveCount("web")).toBe(1);
    expect(node.world.events.listeners).toBe(1);
  });

  it("are not needed: a runtime without them is listed", async () => {
    const node = await SimulatedNode.start({ events: false });
    await node.settled("web");

    node.world.kill("web");
    await node.after(31_000);

    expect(node.world.liveCount("web")).toBe(1);
    expect(node.missedEvents).toBe(0);
  });

  it("are not listened to where that is the policy, and what they would have told is counted", async () => {
    const node = await SimulatedNode.start({ policy: { eventsEnabled: false } });
    await node.settled("web");

    node.world.kill("web");
    await node.after(31_000);

    expect(node.world.events.listeners).toBe(0);
    expect(node.world.liveCount("web")).toBe(1);
    expect(node.missedEvents).toBe(1);
  });
});

describe("a listing", () => {
  it("of converged workloads looks at none of them and writes nothing", async () => {
    const node = await SimulatedNode.start();
    for (let at = 0; at < 20; at += 1) await node.apply(`w${at}`, serve);
    await node.after(60_000);
    const { observe } = node.world.reads;
    const { commits } = node.store;

    await node.after(3_600_000);

    expect(node.world.reads.observe).toBe(observe);
    expect(node.store.commits).toBe(commits);
    expect(node.clock.wallMs() - node.status("w7").observedAtMs).toBeLessThan(31_000);
  });

  it("that began before an own step tells nothing about it", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 5_000 } });
    await node.settled("web");
    node.world.latencyMs = { list: 3_000 };
    await node.after(2_500);
    for (let round = 0; round < 20; round += 1) {
      await node.want("web", round % 2 === 0 ? "stopped" : "running");
      await node.after(1_700);
    }
    await node.after(20_000);

    expect(node.missedEvents).toBe(0);
    expect(node.status("web").actual).toBe("running");
    expect(node.world.journal.count()).toBe(2 + 20);
  });

  it("with stale contents cannot overwrite what was seen later (I10)", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 5_000 } });
    await node.settled("web");
    const release = node.world.faults.hangNext("list", { at: "after" });
    await node.after(5_000);
    node.world.kill("web");
    await node.after(11_000);
    const before = node.status("web");

    release();
    await node.clock.settle();

    expect(node.status("web")).toMatchObject({
      actual: "running",
      observedSequence: before.observedSequence,
    });
  });

  it("that began before a look that failed does not stand in for it", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 5_000 } });
    await node.settled("web");
    const release = node.world.faults.hangNext("list", { at: "after" });
    await node.after(5_000);
    node.world.faults.failNext("observe", transient());
    node.world.kill("web");
    await node.clock.settle();
    expect(node.status("web").actual).toBe("unknown");

    release();
    await node.clock.settle();

    expect(node.world.liveCount("web")).toBe(1);
  });

  it("that read before an event came does not stand in for the look that the event asks for", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");
    node.world.faults.failNext("list", transient());
    node.world.events.emit(undefined, "anything");
    await node.clock.settle();
    const release = node.world.faults.hangNext("list", { at: "after" });
    await node.after(3_000);
    expect(node.status("web").actual).toBe("unknown");
    node.world.kill("web");
    await node.clock.settle();

    release();
    await node.after(1_000);

    expect(node.world.liveCount("web")).toBe(1);
  });

  it("that read before an event came is believed for as long as the look takes that the event asks for", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");
    node.world.faults.failNext("list", transient());
    node.world.events.emit(undefined, "anything");
    await node.clock.settle();
    const release = node.world.faults.hangNext("list", { at: "after" });
    await node.after(3_000);
    expect(node.status("web").actual).toBe("unknown");
    const look = node.world.faults.hangNext("observe");
    node.world.events.emit(node.status("web").id, "anything");
    await node.clock.settle();

    release();
    await node.clock.settle();

    expect(node.status("web").actual).toBe("running");
    look();
    await node.clock.settle();
    expect(node.status("web").actual).toBe("running");
  });

  it("can be switched off", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    const before = node.world.reads.list;

    await node.after(299_000);

    expect(node.world.reads.list).toBe(before);
  });
});
