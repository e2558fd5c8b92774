import { describe, expect, it } from "vitest";
import { SimulatedNode } from "../support/simulated-node.ts";

const serve = { program: "serve" };

describe("a restart of the agent", () => {
  it("is invisible: converged workloads see no change and no write (I11)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("plain");
    await node.settled("checked", "r1", { health: "starting", healthyAfterMs: 2_000 });
    await node.settled("updated");
    await node.apply("updated", { ...serve, note: "2" }, { revisionId: "r2" });
    await node.settled("stopped");
    await node.want("stopped", "stopped");
    await node.apply("job", { program: "exit", restartPolicy: { policy: "no" } });
    await node.apply("unpullable", { ...serve, prepareFails: "IMAGE_NOT_FOUND" });
    await node.after(60_000);
    const before = node.api.list({}).map(comparable);
    const changes = node.world.journal.count();

    for (const end of ["crash", "stop"] as const) {
      await node[end]();
      await node.boot();
      await node.after(120_000);

      expect(node.world.journal.count()).toBe(changes);
      expect(node.store.commits).toBe(0);
      expect(node.api.list({}).map(comparable)).toEqual(before);
    }
  });

  it("refuses requests until it has begun, to be repeated", async () => {
    const node = SimulatedNode.idle();
    node.makeEngine();

    await expect(node.apply("web", serve)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      retryable: true,
      effect: "none",
    });
    expect(() => node.api.list({})).toThrow("starting");
  });

  it("leaves the workloads running", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");

    await node.stop();

    expect(node.world.liveCount("web")).toBe(1);
  });

  it("is invisible also when it comes at any moment of the settling time", async () => {
    for (let at = 0; at < 12_000; at += 1_500) {
      const node = await SimulatedNode.start();
      await node.apply("web", serve, { revisionId: "r1" });
      await node.after(at);

      await node.restart();
      await node.after(15_000);

      expect(node.world.journal.of("web")).toEqual(["prepare r1", "start r1"]);
      expect(node.status("web").actual).toBe("running");
    }
  });

  it("heals what ended meanwhile", async () => {
    const node = await SimulatedNode.start();
    for (const id of ["killed", "gone", "deleted"]) await node.settled(id);
    await node.crash();

    node.world.kill("killed");
    node.world.removeBehind("gone");
    await node.boot();
    await node.after(15_000);

    expect(node.world.liveCount("killed")).toBe(1);
    expect(node.world.liveCount("gone")).toBe(1);
  });

  it("starts everything again after a reboot of the host", async () => {
    const node = await SimulatedNode.start();
    for (const id of ["a", "b", "c"]) await node.settled(id);
    await node.crash();

    node.world.reboot();
    await node.boot();
    await node.after(15_000);

    expect(node.api.list({}).map((one) => one.actual)).toEqual(["running", "running", "running"]);
  });

  it.each(["prepare", "start", "stop", "remove"] as const)(
    "in the middle of a %s goes on with it",
    async (op) => {
      const node = await SimulatedNode.start();
      if (op === "stop" || op === "remove") await node.settled("web");
      node.world.faults.hangNext(op);
      if (op === "stop") await node.want("web", "stopped");
      else if (op === "remove") await node.remove("web");
      else await node.apply("web", serve);

      await node.crash();
      node.world.faults.clear();
      await node.boot();
      await node.after(30_000);

      const shown = node.api.list({}).map((one) => one.actual);
      expect(shown).toEqual(op === "remove" ? [] : [op === "stop" ? "stopped" : "running"]);
      node.world.assertSound();
    },
  );

  it("never lets generation or sequence of a status go back (I10)", async () => {
    const node = await SimulatedNode.start();
    await node.settled("web");
    await node.apply("web", { ...serve, note: "2" }, { revisionId: "r2" });
    await node.after(15_000);
    const before = node.status("web");

    await node.restart();
    node.world.kill("web");
    await node.after(15_000);

    const after = node.status("web");
    expect(after.generation).toBe(before.generation);
    expect(after.observedSequence[0]).toBeGreaterThan(before.observedSequence[0]);
  });
});

function comparable(status: object): object {
  return { ...status, observedAtMs: 0 };
}
