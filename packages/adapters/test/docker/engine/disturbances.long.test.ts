import { randomUUID } from "node:crypto";
import { expect, it, type TestContext } from "vitest";
import { describeWithDocker } from "../../../../../test/docker/docker-host.ts";
import { EngineOverDocker, eventsAlone, resyncAlone } from "./engine-over-docker.ts";

const memoryBytes = 64 * 1024 * 1024;

/** What somebody does to a container behind the agent's back. */
interface Disturbance {
  readonly what: string;
  readonly disturb: (node: EngineOverDocker, id: string, test: TestContext) => Promise<void>;
  /** Whether it is undone, besides that the container runs. */
  readonly isUndone?: (node: EngineOverDocker, id: string) => Promise<boolean>;
  /** Whether nothing is left of the container that could be set right. */
  readonly isLost?: boolean;
  /** Whether it has to do with the port that is published. */
  readonly isServing?: boolean;
}

const disturbances: readonly Disturbance[] = [
  { what: "kill", disturb: ({ host }, id) => host.outsider.kill(id) },
  { what: "stop", disturb: ({ host }, id) => host.outsider.stop(id) },
  {
    what: "rm -f",
    disturb: ({ host }, id) => host.outsider.remove(id),
    isLost: true,
    isServing: true,
  },
  {
    what: "pause",
    disturb: ({ host }, id) => host.outsider.pause(id),
    isUndone: async ({ host }, id) => !(await host.outsider.inspect(id)).State.Paused,
  },
  {
    what: "update of the memory limit",
    disturb: ({ host }, id) =>
      host.outsider.update(id, { Memory: memoryBytes / 2, MemorySwap: memoryBytes / 2 }),
    isUndone: async ({ host }, id) =>
      (await host.outsider.inspect(id)).HostConfig.Memory === memoryBytes,
  },
  {
    what: "update of the restart policy",
    disturb: ({ host }, id) => host.outsider.update(id, { RestartPolicy: { Name: "always" } }),
    isUndone: async ({ host }, id) =>
      (await host.outsider.inspect(id)).HostConfig.RestartPolicy?.Name === "no",
  },
  {
    what: "rename",
    disturb: ({ host }, id) => host.outsider.rename(id, `elsewhere-${randomUUID()}`),
    isUndone: async ({ host }, id) => (await host.outsider.inspect(id)).Name === `/${id}`,
  },
  {
    what: "network disconnect",
    isServing: true,
    disturb: ({ host }, id) => host.outsider.disconnect(id, "bridge"),
    isUndone: async ({ host }, id) =>
      Object.keys((await host.outsider.inspect(id)).NetworkSettings.Networks).includes("bridge"),
  },
  {
    what: "network connect",
    disturb: async (node, id, test) => node.host.outsider.connect(id, await networkOf(node, test)),
    isUndone: async ({ host }, id) =>
      Object.keys((await host.outsider.inspect(id)).NetworkSettings.Networks).length === 1,
  },
];

describeWithDocker("a running container", () => {
  for (const disturbance of disturbances) {
    const { what, isLost = false } = disturbance;
    const outcome = isLost ? "runs again as another one" : "runs again as the same one";

    it.concurrent(`${outcome} after ${what}, through events alone`, async (test) => {
      const node = await EngineOverDocker.start(test, eventsAlone);
      await heals(node, disturbance, test);
      expect(node.missedEvents).toBe(0);
    });

    it.concurrent(`${outcome} after ${what}, through resync alone, which counts it as missed`, async (test) => {
      const node = await EngineOverDocker.start(test, resyncAlone);
      await heals(node, disturbance, test);
      expect(node.missedEvents).toBeGreaterThanOrEqual(1);
    });
  }
});

async function heals(
  node: EngineOverDocker,
  disturbance: Disturbance,
  test: TestContext,
): Promise<void> {
  const { disturb, isUndone = async () => true, isLost = false, isServing = false } = disturbance;
  const { outsider } = node.host;
  const resources = { memoryBytes };
  const spec = isServing ? node.host.web({ resources }) : node.host.longRunning({ resources });
  const before = await node.run("web", spec);
  const id = node.id("web");
  if (isServing) expect(await answers(await outsider.publishedPort(id))).toBe(true);
  const stepsBefore = node.steps("web").length;

  await disturb(node, id, test);

  const isHealed = async (): Promise<boolean> =>
    node.steps("web").length > stepsBefore &&
    node.state("web") === "running" &&
    (await isUndone(node, id));
  await node.becomes(isHealed, { name: "web" });
  const after = node.containerId("web");
  expect(after === before).toBe(!isLost);
  expect(await outsider.inspect(id)).toMatchObject({ Id: after, State: { Running: true } });
  expect(await outsider.containers(id)).toHaveLength(1);
  if (isServing) await node.becomes(async () => answers(await outsider.publishedPort(id)));
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** A network for a container to be connected to, which goes with the test. */
async function networkOf({ host }: EngineOverDocker, test: TestContext): Promise<string> {
  const network = await host.docker.createNetwork({ Name: `test-${randomUUID()}` });
  test.onTestFinished(() => network.remove());
  return network.id;
}
