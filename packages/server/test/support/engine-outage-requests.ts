import { expect } from "vitest";
import type { PrivateDockerd } from "../../../../test/docker/private-dockerd.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import type { ContainerNode } from "./container-node.ts";
import { engineOfTest, kindsIn, nodesOn, SeenStates, server, statesOf } from "./engine-outage.ts";

/** Polls for as long as a busy machine may take, and an agent to look again. */
const slowly = { timeout: 40_000, interval: 50 } as const;

const beside = { script: "exec sleep 900" };

/** Ends at once, with 0, and is never to run again. */
const job = {
  image: testImages.busybox,
  command: ["true"],
  restartPolicy: { policy: "no" },
};

/**
 * Takes the engine away from containers that run, asks for changes of each kind meanwhile, and brings it back: each keeps its place, and what was asked
 * for is done then.
 */
export async function catchUpAfter(away: (engine: PrivateDockerd) => Promise<void>): Promise<void> {
  const engine = await engineOfTest();
  const nodes = await nodesOn(engine);
  const [steady, updated, stopped, deleted, fresh] = [
    nodes.id("steady"),
    nodes.id("updated"),
    nodes.id("stopped"),
    nodes.id("deleted"),
    nodes.id("fresh"),
  ];
  await nodes.node.apply("beside", beside);
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
}

/** Waits until the workloads are in these states; `absent` is one that is not there. */
export async function reach(
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

/** What the agent says of its engine. */
export async function containerStatus(nodes: ContainerNode): Promise<string | undefined> {
  return (await nodes.node.client.healthCheck({})).runtimeStatus["container"];
}
