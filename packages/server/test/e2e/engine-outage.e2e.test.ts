import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import type { PrivateDockerd } from "../../../../test/docker/private-dockerd.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import type { ContainerNode } from "../support/container-node.ts";
import {
  engineOfTest,
  kindsIn,
  nodesOn,
  SeenStates,
  server,
  statesOf,
} from "../support/engine-outage.ts";

/** Polls for as long as a busy machine may take, and an agent to look again. */
const slowly = { timeout: 40_000, interval: 50 } as const;

const process = { script: "exec sleep 900" };

/** Ends at once, with 0, and is never to run again. */
const job = {
  image: testImages.busybox,
  command: ["true"],
  restartPolicy: { policy: "no" },
};

interface Ways {
  readonly how: string;
  readonly away: (engine: PrivateDockerd) => Promise<void>;
}

const ways: readonly Ways[] = [
  { how: "stopped", away: (engine) => engine.stop() },
  { how: "killed", away: (engine) => engine.kill() },
];

async function reach(
  nodes: ContainerNode,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  const ids = Object.keys(wanted);
  await expect
    .poll(async () => {
      const states = await statesOf(nodes);
      return Object.fromEntries(ids.map((id) => [id, states.get(id) ?? "absent"]));
    }, slowly)
    .toEqual(wanted);
}

async function containerStatus(nodes: ContainerNode): Promise<string | undefined> {
  return (await nodes.node.client.healthCheck({})).runtimeStatus["container"];
}

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

  for (const { how, away } of ways) {
    it(`because it was ${how} costs no container its place, and what is asked meanwhile is done afterwards`, async () => {
      const engine = await engineOfTest();
      const nodes = await nodesOn(engine);
      const [steady, updated, stopped, deleted, fresh] = [
        nodes.id("steady"),
        nodes.id("updated"),
        nodes.id("stopped"),
        nodes.id("deleted"),
        nodes.id("fresh"),
      ];
      await nodes.node.apply("beside", process);
      const first = [steady, updated, stopped, deleted];
      for (const id of first) await nodes.apply(id, server(), { revisionId: "r1" });
      await reach(nodes, Object.fromEntries([...first, "beside"].map((id) => [id, "RUNNING"])));
      const done = nodes.id("done");
      await nodes.apply(done, job);
      await nodes.node.reaches(done, "STOPPED");
      const ran = (await nodes.outsider.inspect(done)).State.StartedAt;
      const places = [await nodes.containerId(steady), await nodes.containerId(stopped)];
      const pid = await nodes.node.pid("beside");
      const always = SeenStates.of(nodes, [steady]);

      await away(engine);
      await reach(nodes, Object.fromEntries(first.map((id) => [id, "UNKNOWN"])));
      const meanwhile = SeenStates.of(nodes, first);
      expect(await nodes.containerId(steady)).toBe(places[0]);
      await nodes.apply(fresh, server(), { revisionId: "r1" });
      await nodes.apply(updated, server("2"), { revisionId: "r2" });
      await nodes.want(stopped, "stopped");
      await nodes.node.client.deleteWorkload({ id: deleted });
      expect(await containerStatus(nodes)).toMatch(/^unhealthy: /);
      expect([...(await statesOf(nodes)).keys()].toSorted()).toEqual(
        [...first, fresh, done, "beside"].toSorted(),
      );
      expect(await meanwhile.end()).toEqual(["UNKNOWN"]);

      await engine.up();
      await reach(nodes, {
        [steady]: "RUNNING",
        [updated]: "RUNNING",
        [stopped]: "STOPPED",
        [deleted]: "absent",
        [fresh]: "RUNNING",
        [done]: "STOPPED",
        beside: "RUNNING",
      });
      // A start that it broke off is told as that until the next one, at once, has succeeded.
      const possible = ["FAILED RUNTIME_UNAVAILABLE", "PENDING", "RUNNING", "UNKNOWN"];
      expect(possible).toEqual(expect.arrayContaining([...(await always.end())]));
      expect([await nodes.containerId(steady), await nodes.containerId(stopped)]).toEqual(places);
      expect((await nodes.node.status(updated)).observedRevisionId).toBe("r2");
      expect(await nodes.node.pid("beside")).toBe(pid);
      await expect.poll(() => kindsIn(nodes), slowly).toEqual({ container: 5, image: 5 });
      expect((await nodes.outsider.inspect(done)).State.StartedAt).toBe(ran);
    });
  }

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
