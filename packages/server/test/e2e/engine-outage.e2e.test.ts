import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { catchUpAfter, containerStatus, reach } from "../support/engine-outage-requests.ts";
import { engineOfTest, kindsIn, nodesOn, server, statesOf } from "../support/engine-outage.ts";

/** Polls for as long as a busy machine may take, and an agent to look again. */
const slowly = { timeout: 40_000, interval: 50 } as const;

const process = { script: "exec sleep 900" };

describeWithDocker("a Docker engine that is away", () => {
  it("at the agent's start keeps nothing but containers, which are accepted for later", async () => {
    const engine = await engineOfTest();
    await engine.stop();
    const nodes = await nodesOn(engine);
    const id = nodes.id("early");
    expect(await containerStatus(nodes)).toMatch(/^unhealthy: /);

    await nodes.node.apply("beside", process);
    await nodes.node.reaches("beside", "RUNNING");
    const applied = await nodes.apply(id, server(), { revisionId: "r1" });
    expect(applied.applied).toBe(true);
    expect((await statesOf(nodes)).get(id)).toBe("UNKNOWN");
    const { healthy, reasons } = await nodes.node.client.healthCheck({});
    expect([healthy, reasons]).toEqual([false, [expect.stringContaining("runtime container")]]);

    await nodes.node.restart("SIGKILL");
    expect(await nodes.node.status(id)).toMatchObject({ revisionId: "r1" });
    await reach(nodes, { beside: "RUNNING", [id]: "UNKNOWN" });

    await engine.up();
    await reach(nodes, { beside: "RUNNING", [id]: "RUNNING" });
    expect((await nodes.node.client.healthCheck({})).healthy).toBe(true);
    expect(await nodes.outsider.containers()).toHaveLength(1);
  });

  it("because it was killed costs no container its place, and what is asked meanwhile is done afterwards", async () => {
    await catchUpAfter((engine) => engine.kill());
  });

  it("because it is frozen holds up nothing but containers", async () => {
    const engine = await engineOfTest();
    const nodes = await nodesOn(engine, {
      PERSYS_STEP_TIMEOUT: "5s",
      PERSYS_PREPARE_TIMEOUT: "5s",
      PERSYS_RECONCILE_INTERVAL: "1s",
    });
    const [steady, updated, late] = [nodes.id("steady"), nodes.id("updated"), nodes.id("late")];
    await nodes.node.apply("beside", process);
    for (const id of [steady, updated]) await nodes.apply(id, server(), { revisionId: "r1" });
    await reach(nodes, { [steady]: "RUNNING", [updated]: "RUNNING", beside: "RUNNING" });
    const place = await nodes.containerId(steady);
    const pid = await nodes.node.pid("beside");

    await engine.freeze();
    try {
      await nodes.apply(late, server(), { revisionId: "r1" });
      await nodes.apply(updated, server("2"), { revisionId: "r2" });
      globalThis.process.kill(pid, "SIGKILL");
      await expect.poll(() => nodes.node.pid("beside"), slowly).not.toBe(pid);
      await nodes.node.reaches("beside", "RUNNING");
      await nodes.node.apply("another", process);
      await nodes.node.reaches("another", "RUNNING");
      expect((await statesOf(nodes)).get(late)).toBe("PENDING");
    } finally {
      engine.thaw();
    }

    await reach(nodes, { [steady]: "RUNNING", [updated]: "RUNNING", [late]: "RUNNING" });
    expect((await nodes.node.status(updated)).observedRevisionId).toBe("r2");
    expect(await nodes.containerId(steady)).toBe(place);
    await expect.poll(() => kindsIn(nodes), slowly).toEqual({ container: 3, image: 3 });
  });
});
