import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";
import { transient } from "../support/trouble.ts";

const serve = { program: "serve" };

describe("a runtime that cannot be read", () => {
  it("is never taken for an empty one: nothing is changed and no record is lost (I4)", async () => {
    const node = await SimulatedNode.start();
    for (const id of ["a", "b", "c"]) await node.settled(id);
    const { commits } = node.store;
    const changes = node.world.journal.count();

    node.world.setUnreachable(true);
    await node.after(600_000);

    expect(node.world.journal.count()).toBe(changes);
    expect(node.store.commits).toBe(commits);
    expect(node.api.list({}).map((one) => one.actual)).toEqual(["unknown", "unknown", "unknown"]);
    expect(node.status("a").failure).toMatchObject({ reason: "RUNTIME_UNAVAILABLE" });
    node.world.setUnreachable(false);
    await node.after(60_000);
    expect(node.api.list({}).map((one) => one.actual)).toEqual(["running", "running", "running"]);
    expect(node.world.journal.count()).toBe(changes);
  });

  it("at the start of the agent delays nothing but what it holds, and loses nothing", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.crash();
    const changes = node.world.journal.count();
    node.world.setUnreachable(true);

    await node.boot();

    expect(node.status("web")).toMatchObject({ actual: "unknown", desired: "running" });
    expect(node.api.health().healthy).toBe(false);
    await node.after(120_000);
    node.world.setUnreachable(false);
    await node.after(60_000);
    expect(node.status("web").actual).toBe("running");
    expect(node.world.journal.count()).toBe(changes);
  });

  it("that hangs does not keep the agent from starting", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.crash();
    const release = node.world.faults.hangNext("list", { ignoresAbort: true });

    await node.boot();

    expect(node.status("web").actual).toBe("unknown");
    await node.after(120_000);
    expect(node.world.reads.list).toBeLessThan(6);
    expect(node.api.health().runtimes["simulated"]).toContain("has not returned");
    release();
    await node.after(60_000);
    expect(node.status("web").actual).toBe("running");
    expect(node.api.health().healthy).toBe(true);
  });

  it("takes applies, updates, stops and deletes, which all come true afterwards (I7)", async () => {
    const node = await SimulatedNode.start();
    for (const id of ["updated", "stopped", "deleted", "again"]) await node.settled(id);
    node.world.setUnreachable(true);
    await node.after(60_000);
    const changes = node.world.journal.count();
    const { observe } = node.world.reads;

    await node.apply("new", serve, { revisionId: "r1" });
    await node.apply("updated", { ...serve, note: "2" }, { revisionId: "r2" });
    await node.want("stopped", "stopped");
    await node.remove("deleted");
    await node.remove("again");
    await node.apply("again", { ...serve, note: "2" }, { revisionId: "r2" });
    await node.after(60_000);
    expect(node.world.journal.count()).toBe(changes);
    expect(node.world.reads.observe).toBe(observe);
    expect(node.ids).toEqual(["again", "deleted", "new", "stopped", "updated"]);
    node.world.setUnreachable(false);
    await node.after(90_000);

    const states = node.api
      .list({})
      .map((one) => `${one.id} ${one.observedRevisionId} ${one.actual}`);
    expect(states).toEqual([
      "again r2 running",
      "new r1 running",
      "stopped r1 stopped",
      "updated r2 running",
    ]);
    expect(node.blindCalls).toEqual([]);
    node.world.assertSound();
  });

  it("makes a failed step unreadable rather than guessed at", async () => {
    const node = await SimulatedNode.start();
    node.world.faults.failNext("start", transient("RUNTIME_UNAVAILABLE"), { at: "after" });
    node.world.faults.failNext("observe", transient("RUNTIME_UNAVAILABLE"), { times: 2 });

    await node.apply("web", serve);
    await node.after(30_000);

    expect(node.status("web").actual).toBe("running");
    expect(node.world.journal.count("start")).toBe(1);
    expect(node.blindCalls).toEqual([]);
  });

  it("because what it gives makes no sense is shown, and disturbs nobody else (I9)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("a");
    await node.settled("b");
    node.attentive.garbled.add("a");
    node.world.kill("a");
    node.world.kill("b");
    await node.after(31_000);

    expect(node.status("a")).toMatchObject({ actual: "unknown", failure: { reason: "INTERNAL" } });
    expect(node.world.liveCount("b")).toBe(1);
    node.attentive.garbled.clear();
    await node.after(61_000);
    expect(node.world.liveCount("a")).toBe(1);
    expect(node.status("a").actual).toBe("running");
  });

  it("for one workload alone degrades only that one", async () => {
    const node = await SimulatedNode.start();
    await node.settled("a");
    await node.settled("b");
    node.world.faults.failNext("observe", transient("TIMEOUT"), { id: "a", times: 3 });

    node.world.kill("a");
    node.world.kill("b");
    await node.clock.settle();

    expect(node.status("a")).toMatchObject({ actual: "unknown", failure: { reason: "TIMEOUT" } });
    expect(node.world.liveCount("b")).toBe(1);
    await node.after(30_000);
    expect(node.world.liveCount("a")).toBe(1);
  });

  it("because it is not registered at this start keeps its records, and they can be deleted later", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.crash();

    await node.boot({}, { type: "another" });
    expect(node.status("web")).toMatchObject({
      actual: "unknown",
      failure: { reason: "RUNTIME_NOT_REGISTERED" },
    });
    await node.remove("web");
    await node.after(60_000);
    expect(node.ids).toEqual(["web"]);
    expect(node.world.liveCount("web")).toBe(1);
    await node.crash();
    await node.boot();
    await node.after(5_000);

    expect(node.ids).toEqual([]);
    expect(node.world.ids).toEqual([]);
  });

  it("begins nothing that has waited for its place when the last look could not be read", async () => {
    const node = await SimulatedNode.start({ policy: { preparesAtOnce: 1 } });
    await node.apply("a", { program: "serve", prepareMs: 4_000 });
    await node.apply("b", { program: "serve" });
    node.world.setUnreachable(true);
    await node.after(1_001);
    node.world.setUnreachable(false);
    // A request, after which the lane looks.
    void node.want("a", "running");
    node.world.faults.failNext("observe", transient("RUNTIME_ERROR"), { times: 4 });

    await node.after(60_000);

    expect(node.blindCalls).toEqual([]);
    expect(node.status("b").actual).toBe("running");
    await node.stop();
  });
});
