import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";
import { transient } from "../support/trouble.ts";

const serve = { program: "serve" };

describe("a store that does not take a commit", () => {
  it("makes the request unavailable and leaves all as it was", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.store.failNext({ code: "STORE_FULL" });

    await expect(
      node.apply("web", { ...serve, note: "2" }, { revisionId: "r2" }),
    ).rejects.toMatchObject({ code: "STORE_FULL", retryable: true, effect: "none" });

    expect(node.status("web")).toMatchObject({ revisionId: "r1", actual: "running" });
    await node.after(60_000);
    expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1"]);
  });

  it("leaves nothing of a new workload that was refused so", async () => {
    const node = await SimulatedNode.start();
    node.store.failNext();

    await expect(node.apply("web", serve)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });

    expect(node.ids).toEqual([]);
    await node.apply("web", serve);
    await node.after(11_000);
    expect(node.status("web").actual).toBe("running");
  });

  it("does not keep a killed process from being started again, in its back-off", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.store.failNext({ times: 1_000_000, code: "STORE_FULL" });

    node.world.kill("web");
    await node.after(1_000);
    expect(node.world.liveCount("web")).toBe(1);
    node.world.kill("web");
    await node.after(5_000);

    expect(node.world.liveCount("web")).toBe(1);
    expect(node.world.journal.count("start")).toBe(3);
    await expect(node.want("web", "stopped")).rejects.toMatchObject({ code: "STORE_FULL" });
    node.store.clearFaults();
    await node.after(30_000);
    expect(node.status("web")).toMatchObject({ actual: "running", restarts: 2 });
    expect(node.api.health().store).toBe("healthy");
  });

  it.each(["none", "unknown"] as const)(
    "takes the next request after a long crash loop meanwhile (effect %s)",
    async (effect) => {
      const node = await SimulatedNode.start({ policy: { backoffMaxMs: 4_000 } });
      await node.apply("web", { program: "exit", exitCode: 1, exitAfterMs: 500 });
      await node.after(20_000);
      node.store.failNext({ times: 1_000_000, effect });
      await node.after(300_000);
      const starts = node.world.journal.count("start");
      expect(starts).toBeGreaterThan(60);

      node.store.clearFaults();
      await node.want("web", "stopped").catch(() => {});
      await node.after(20_000);

      expect(node.world.journal.count("start")).toBeLessThan(starts + 3);
      expect(node.status("web").actual).toBe("stopped");
      await node.restart();
      expect(node.status("web").actual).toBe("stopped");
    },
  );

  it("does not lose count of the restarts that were made meanwhile", async () => {
    const node = await SimulatedNode.start({ policy: { backoffMaxMs: 4_000 } });
    await node.apply("web", { program: "exit", exitCode: 1, exitAfterMs: 500 });
    await node.after(20_000);
    node.store.failNext({ times: 1_000_000 });
    await node.after(300_000);

    node.store.clearFaults();
    await node.after(20_000);

    const starts = node.world.journal.count("start");
    expect(node.status("web").restarts).toBeGreaterThanOrEqual(starts - 1);
    expect(node.status("web").restarts).toBeLessThanOrEqual(starts);
  });

  it("loses nothing of what was learnt when a request behind it is taken", async () => {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 0 } });
    await node.settled("web");
    const release = node.store.hang();
    node.store.failNext();
    node.world.kill("web");
    await node.clock.settle();
    const slow = { ...serve, note: "2", prepareMs: 60_000 };
    const updating = node.sendApply("web", slow, { revisionId: "r2" });
    await node.clock.settle();

    release();
    await node.after(1_000);

    await expect(updating).resolves.toMatchObject({ applied: true });
    expect(node.world.liveCount("web")).toBe(1);
    expect(node.status("web")).toMatchObject({ revisionId: "r2", observedRevisionId: "r1" });
  });

  it("lets no other step be taken than such a start", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("web", { ...serve, note: "2", prepareMs: 5_000 }, { revisionId: "r2" });
    node.store.failNext({ times: 1_000_000, code: "STORE_FULL" });

    await node.after(60_000);
    expect(node.world.journal.count("replace")).toBe(0);
    expect(node.world.liveCount("web")).toBe(1);
    node.store.clearFaults();
    await node.after(60_000);

    expect(node.status("web")).toMatchObject({ actual: "running", observedRevisionId: "r2" });
    node.world.assertSound();
  });

  it("never lets a workload with policy no be started twice", async () => {
    const node = await SimulatedNode.start();
    await node.apply("job", { ...serve, restartPolicy: { policy: "no" }, prepareMs: 5_000 });
    node.store.failNext({ times: 1_000_000 });
    await node.after(60_000);
    expect(node.world.journal.count("start")).toBe(0);

    node.store.clearFaults();
    await node.after(60_000);

    expect(node.world.journal.count("start")).toBe(1);
  });

  it("is asked less and less often, and its failures cost no memory", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    node.store.failNext({ times: 1_000_000 });
    node.world.kill("web");
    await node.after(60_000);
    const { commits } = node.store;

    await node.after(600_000);

    expect(node.store.commits - commits).toBeLessThan(130);
    expect(node.clock.pendingTimers).toBeLessThan(6);
  });

  it("for one workload fails no other", async () => {
    const node = await SimulatedNode.start();
    const ids = Array.from({ length: 20 }, (_, at) => `w${at}`);
    node.store.failNext({
      times: 1_000_000,
      fits: (batch) => batch.some((one) => one.kind === "put-record" && one.record.id === "w7"),
    });

    const sent = ids.map((id) => node.sendApply(id, serve).catch((error: unknown) => error));
    await node.after(11_000);

    const refused = (await Promise.all(sent)).filter((one) => one instanceof Error);
    expect(refused).toHaveLength(1);
    expect(node.api.list({}).filter((one) => one.actual === "running")).toHaveLength(19);
  });
});

describe("a store that hangs", () => {
  it("makes requests unavailable after a while, and at once while it is known to hang", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const release = node.store.hang();

    const first = node.sendApply("web", { ...serve, note: "2" }, { revisionId: "r2" });
    await node.after(10_000);
    await expect(first).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", effect: "unknown" });
    await expect(node.remove("web")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(node.api.health().store).toContain("unhealthy");
    release();
    await node.after(30_000);

    expect(node.status("web")).toMatchObject({ revisionId: "r2", actual: "running" });
  });

  it("is not given one commit after another", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const release = node.store.hang();
    node.world.kill("web");
    await node.after(600_000);
    const { commits } = node.store;

    await node.after(600_000);

    expect(node.store.commits).toBe(commits);
    release();
  });

  it("does not keep a killed process from being started again", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    const release = node.store.hang();

    node.world.kill("web");
    await node.after(30_000);

    expect(node.world.liveCount("web")).toBe(1);
    release();
    await node.after(30_000);
    expect(node.status("web")).toMatchObject({ actual: "running", restarts: 1 });
  });

  it("loses nothing that was acknowledged when the agent is killed (I1)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("web", { ...serve, note: "2" }, { revisionId: "r2" });
    node.store.hang();
    const unanswered = node.sendApply("web", { ...serve, note: "3" }, { revisionId: "r3" });
    await node.clock.settle();

    await node.restart();
    await node.after(30_000);

    expect(node.status("web")).toMatchObject({ revisionId: "r2", actual: "running" });
    void unanswered;
  });
});

describe("a start whose intent takes long to be stored", () => {
  /** A workload that may be started only once, with the intent of that start under way to a slow store. */
  async function aboutToStart(): Promise<{ node: SimulatedNode; release: () => void }> {
    const node = await SimulatedNode.start({ policy: { resyncIntervalMs: 2_000 } });
    node.world.faults.failNext("start", transient("PORT_CONFLICT"));
    await node.apply("job", { ...serve, restartPolicy: { policy: "no" } }, { revisionId: "r1" });
    const release = node.store.hang();
    await node.after(1_000);
    expect(node.world.journal.of("job")).toEqual(["prepare r1", "start r1"]);
    return { node, release };
  }

  it("is not made when what exists cannot be read any more, and not counted", async () => {
    const { node, release } = await aboutToStart();
    node.world.setUnreachable(true);
    await node.after(4_000);

    release();
    await node.after(20_000);
    expect(node.world.journal.count("start")).toBe(1);
    node.world.setUnreachable(false);
    await node.after(60_000);

    expect(node.world.journal.count("start")).toBe(2);
    expect(node.status("job").actual).toBe("running");
  });

  it("is not made by an engine that stops, and not counted", async () => {
    const { node, release } = await aboutToStart();
    const stopping = node.engine.stop();
    await node.after(100);
    release();
    await node.after(10_000);
    await stopping;
    expect(node.world.journal.count("start")).toBe(1);

    await node.boot();
    await node.after(15_000);

    expect(node.world.journal.count("start")).toBe(2);
    expect(node.status("job").actual).toBe("running");
  });
});

describe("an engine whose ownership is lost", () => {
  it("stops without another change, says so, and leaves the workloads to the new owner", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.settled("db");
    const old = { engine: node.engine, runtime: node.runtime };
    await node.boot();
    const changes = node.world.journal.count();

    const asked = old.engine.api.remove("web", { identity: "test" }).catch((one: unknown) => one);
    await node.after(5_000);

    expect(await asked).toMatchObject({ code: "OWNERSHIP_LOST" });
    await expect(old.engine.failed).resolves.toMatchObject({ code: "OWNERSHIP_LOST" });
    expect(() => old.engine.api.status("web")).toThrow();
    expect(node.world.journal.count()).toBe(changes);
    expect(node.world.liveCount("web")).toBe(1);
    old.runtime.crash();
    node.world.kill("db");
    await node.after(11_000);
    expect(node.status("db").actual).toBe("running");
    node.world.assertSound();
  });

  it("calls off what is under way at once", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("slow", { ...serve, startMs: 60_000 });
    node.store.failNext({ code: "OWNERSHIP_LOST" });

    await expect(node.want("web", "stopped")).rejects.toMatchObject({ code: "OWNERSHIP_LOST" });
    await node.clock.settle();

    expect(
      node.world.journal.entries.find((one) => one.id === "slow" && one.op === "start"),
    ).toMatchObject({ outcome: "aborted" });
    expect(node.world.journal.count("stop")).toBe(0);
    await node.after(60_000);
    expect(node.clock.pendingTimers).toBe(0);
  });
});
