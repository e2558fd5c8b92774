import { randomUUID } from "node:crypto";
import type { Json } from "@persys/core";
import { expect, it, type TestContext } from "vitest";
import { describeWithDocker, dockerHost } from "../../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../../test/docker/test-images.ts";
import { EngineOverDocker } from "./engine-over-docker.ts";
import { silentServer } from "./silent-server.ts";

/** Ends at once, and says so. */
const crashing = { image: testImages.exit, env: { CODE: "7" } };

describeWithDocker("an update", () => {
  it.concurrent("removes the old container only after the new one has settled", async (test) => {
    const node = await EngineOverDocker.start(test, { settleAfterMs: 1_500 });
    const old = await node.run("web", node.host.longRunning());

    await node.apply("web", node.host.longRunning({ env: { N: "2" } }), { revisionId: "r2" });
    const status = await node.reaches("web", (seen) => seen.observedRevisionId === "r2");

    expect(status.actual).toBe("pending");
    const fresh = node.containerId("web");
    expect(await statesOf(node, "web")).toEqual({ [old]: "exited", [fresh]: "running" });
    await node.reaches("web", "running");
    await node.rests("web", "running");
    expect(await statesOf(node, "web")).toEqual({ [fresh]: "running" });
    expect(await node.host.outsider.pins([node.id("web")])).toHaveLength(1);
  });

  it.concurrent("waits for the health check of the new container", async (test) => {
    const node = await EngineOverDocker.start(test);
    const old = await node.run("web", node.host.longRunning());

    await node.apply("web", node.host.web(), { revisionId: "r2" });
    await node.reaches("web", (seen) => seen.health === "starting");
    expect(Object.keys(await statesOf(node, "web"))).toContain(old);

    await node.rests("web", "running");
    expect(node.status("web")).toMatchObject({ observedRevisionId: "r2", health: "healthy" });
    expect(await statesOf(node, "web")).toEqual({ [node.containerId("web")]: "running" });
  });

  it.concurrent("to what is there already keeps the container", async (test) => {
    const node = await EngineOverDocker.start(test);
    const old = await node.run("web", node.host.longRunning());

    const again = await node.apply("web", node.host.longRunning());

    expect(again).toMatchObject({ applied: false, skipped: true });
    expect(node.containerId("web")).toBe(old);
  });

  it.concurrent("of a stopped workload starts nothing, and its start runs the new one", async (test) => {
    const node = await EngineOverDocker.start(test);
    await node.run("web", node.host.longRunning());
    await node.want("web", "stopped");
    await node.rests("web", "stopped");

    const spec = node.host.longRunning({ env: { N: "2" } });
    await node.apply("web", spec, { revisionId: "r2", desired: "stopped" });
    await node.rests("web", "stopped");
    expect(Object.values(await statesOf(node, "web"))).toEqual(["exited"]);

    await node.want("web", "running");
    await node.rests("web", "running");
    expect(node.status("web").observedRevisionId).toBe("r2");
    expect(await statesOf(node, "web")).toEqual({ [node.containerId("web")]: "running" });
  });

  it.concurrent("in quick succession runs only the last revision", async (test) => {
    const node = await EngineOverDocker.start(test);
    const marks = `marks-${randomUUID()}`;
    await node.run("web", node.host.longRunning());

    for (const n of [1, 2, 3, 4, 5])
      await node.apply("web", node.host.longRunning({ env: { MARK: `${marks}-${n}` } }), {
        revisionId: `r-${n}`,
      });
    await node.rests("web", "running");

    expect(node.status("web").observedRevisionId).toBe("r-5");
    expect(await statesOf(node, "web")).toEqual({ [node.containerId("web")]: "running" });
    const { Config } = await node.host.outsider.inspect(node.id("web"));
    expect(Config.Env).toContain(`MARK=${marks}-5`);
    expect(await node.host.outsider.pins([node.id("web")])).toHaveLength(1);
  });

  it.concurrent("back to an earlier revision id runs that one", async (test) => {
    const node = await EngineOverDocker.start(test);
    const first = await node.run("web", node.host.longRunning());
    const spec = node.host.longRunning({ env: { N: "2" } });
    await node.run("web", spec, { revisionId: "r2" });

    const third = await node.run("web", node.host.longRunning(), { revisionId: "r1" });

    expect(third).not.toBe(first);
    expect(node.status("web").observedRevisionId).toBe("r1");
    expect(await statesOf(node, "web")).toEqual({ [third]: "running" });
  });

  it.concurrent("taken back before it has settled runs the old container again", async (test) => {
    const node = await EngineOverDocker.start(test, { settleAfterMs: 1_500 });
    const old = await node.run("web", node.host.longRunning());
    const spec = node.host.longRunning({ env: { N: "2" } });
    await node.apply("web", spec, { revisionId: "r2" });
    await node.reaches("web", (seen) => seen.observedRevisionId === "r2");

    await node.apply("web", node.host.longRunning());
    await node.rests("web", "running");

    expect(node.status("web").observedRevisionId).toBe("r1");
    expect(await statesOf(node, "web")).toEqual({ [old]: "running" });
  });
});

describeWithDocker("an update whose image cannot be had", () => {
  const update = async (test: TestContext) => {
    const node = await EngineOverDocker.start(test, { backoffBaseMs: 400, backoffMaxMs: 400 });
    const old = await node.run("web", node.host.longRunning());
    const image = `${dockerHost().registry}/persys-test/nowhere:1`;
    await node.apply("web", node.host.longRunning({ image }), { revisionId: "r2" });
    await node.reaches("web", "failed");
    return { node, old, image };
  };

  it.concurrent("leaves the old container as it is, says why, and when it is tried again", async (test) => {
    const { node, old, image } = await update(test);

    const status = await node.reaches("web", (seen) => seen.failure?.nextRetryAtMs !== undefined);
    expect(status).toMatchObject({ revisionId: "r2", observedRevisionId: "r1" });
    expect(status.failure).toMatchObject({ reason: "IMAGE_NOT_FOUND", retryable: true });
    expect(status.message).toContain(image);
    expect(await statesOf(node, "web")).toEqual({ [old]: "running" });
    await node.reaches("web", (seen) => (seen.failure?.attempts ?? 0) >= 4);
    expect(await statesOf(node, "web")).toEqual({ [old]: "running" });
  });

  it.concurrent("starts the old container again when it is killed", async (test) => {
    const { node, old } = await update(test);

    await runsAgainAfterKill(node, "web");

    expect(await statesOf(node, "web")).toEqual({ [old]: "running" });
  });

  it.concurrent("makes the old container again when it is removed", async (test) => {
    const { node, old } = await update(test);

    await node.host.outsider.remove(node.id("web"));

    await node.becomes(async () => Object.values(await statesOf(node, "web")).includes("running"), {
      name: "web",
    });
    expect(Object.keys(await statesOf(node, "web"))).not.toContain(old);
    expect(node.status("web").revisionId).toBe("r2");
    const { Config } = await node.host.outsider.inspect(node.id("web"));
    expect(Config.Labels["persys.revision_id"]).toBe("r1");
  });

  it.concurrent("goes through once the image is there", async (test) => {
    const node = await EngineOverDocker.start(test);
    const [repo, tag] = [`persys-test/late-${randomUUID()}`, "1"];
    await node.run("web", node.host.longRunning());
    const spec = { image: `${repo}:${tag}`, pullPolicy: "never", command: ["/bin/linger"] };
    await node.apply("web", spec, { revisionId: "r2" });
    await node.reaches("web", "failed");

    await node.host.docker.getImage(testImages.busybox).tag({ repo, tag });
    test.onTestFinished(async () => {
      await node.host.docker.getImage(`${repo}:${tag}`).remove();
    });
    await node.rests("web", "running");

    expect(node.status("web").observedRevisionId).toBe("r2");
  });

  it.concurrent("heals the old container while the registry keeps it waiting", async (test) => {
    const registry = await silentServer(test);
    const node = await EngineOverDocker.start(test);
    const old = await node.run("web", node.host.longRunning());
    const image = `127.0.0.1:${registry.port}/slow:1`;
    await node.apply("web", node.host.longRunning({ image }), { revisionId: "r2" });
    await node.becomes(() => registry.connections > 0, { name: "web" });

    await runsAgainAfterKill(node, "web");
    expect(node.status("web")).toMatchObject({ revisionId: "r2", actual: "pending" });
    const before = registry.connections;
    await node.becomes(() => registry.connections > before, { name: "web" });
    await node.apply("web", node.host.longRunning());
    await node.rests("web", "running");

    expect(await statesOf(node, "web")).toEqual({ [old]: "running" });
  });

  it.concurrent("is replaced by one that can be run", async (test) => {
    const { node } = await update(test);

    await node.apply("web", node.host.longRunning({ env: { N: "3" } }), { revisionId: "r3" });
    await node.rests("web", "running");

    expect(node.status("web").observedRevisionId).toBe("r3");
    expect(await node.host.outsider.pins([node.id("web")])).toHaveLength(1);
  });
});

describeWithDocker("an update that does not settle", () => {
  interface Failing {
    readonly how: string;
    readonly spec: (node: EngineOverDocker, test: TestContext) => Promise<Json>;
  }

  const failing: readonly Failing[] = [
    { how: "crashes", spec: async () => crashing },
    {
      how: "stays unhealthy",
      spec: async ({ host }) =>
        host.longRunning({
          healthcheck: { test: ["CMD", "false"], intervalSeconds: 1, retries: 1 },
        }),
    },
    {
      how: "wants a port that is taken",
      spec: async ({ host }, test) => {
        const { port: hostPort } = await silentServer(test);
        return host.web({ ports: [{ hostPort, containerPort: 8080, hostIp: "127.0.0.1" }] });
      },
    },
    {
      how: "names a program that does not exist",
      spec: async ({ host }) => host.longRunning({ command: ["/no/such/program"] }),
    },
    {
      how: "uses more memory than it may",
      spec: async ({ host }) =>
        host.script("x=a; while :; do x=$x$x; done", {
          resources: { memoryBytes: 8 * 1024 * 1024, memorySwapBytes: 8 * 1024 * 1024 },
        }),
    },
  ];

  for (const { how, spec } of failing) {
    it.concurrent(`because it ${how} gives way to the old container`, async (test) => {
      const node = await EngineOverDocker.start(test);
      const old = await node.run("web", node.host.longRunning());
      // However slow the machine is, what ends at once has not stayed up.
      await node.restartEngine({ settleAfterMs: 30_000 });

      await node.apply("web", await spec(node, test), { revisionId: "r2" });
      const status = await node.rests("web", "failed");

      expect(status.failure).toMatchObject({ retryable: false });
      expect(status).toMatchObject({ revisionId: "r2", observedRevisionId: "r1" });
      expect(status.message).toMatch(/r2/);
      expect(await statesOf(node, "web")).toEqual({ [old]: "running" });

      await runsAgainAfterKill(node, "web");
      expect(await statesOf(node, "web")).toEqual({ [old]: "running" });
    });
  }

  it.concurrent("is followed by one that does", async (test) => {
    const node = await EngineOverDocker.start(test);
    await node.run("web", node.host.longRunning());
    const broken = node.host.longRunning({ command: ["/no/such/program"] });
    await node.apply("web", broken, { revisionId: "r2" });
    await node.rests("web", "failed");

    await node.apply("web", node.host.longRunning({ env: { N: "3" } }), { revisionId: "r3" });
    await node.rests("web", "running");

    expect(node.status("web").observedRevisionId).toBe("r3");
    expect(await statesOf(node, "web")).toEqual({ [node.containerId("web")]: "running" });
    expect(await node.host.outsider.pins([node.id("web")])).toHaveLength(1);
  });

  it.concurrent("makes the old container again where it was removed meanwhile", async (test) => {
    const node = await EngineOverDocker.start(test);
    const old = await node.run("web", node.host.longRunning());
    await node.restartEngine({ settleAfterMs: 30_000 });
    await node.apply("web", node.host.script("sleep 1; exit 1"), { revisionId: "r2" });
    await node.reaches("web", (seen) => seen.observedRevisionId === "r2");

    await node.host.docker.getContainer(old).remove({ force: true });
    await node.rests("web", "failed");

    expect(node.status("web")).toMatchObject({ revisionId: "r2", observedRevisionId: "r1" });
    const states = await statesOf(node, "web");
    expect(Object.values(states)).toEqual(["running"]);
    expect(Object.keys(states)).not.toContain(old);
  });

  it.concurrent("ends the old container when somebody starts it beside the new one", async (test) => {
    const node = await EngineOverDocker.start(test, { settleAfterMs: 3_000 });
    const old = await node.run("web", node.host.longRunning());
    const spec = node.host.longRunning({ env: { N: "2" } });
    await node.apply("web", spec, { revisionId: "r2" });
    await node.reaches("web", (seen) => seen.observedRevisionId === "r2");

    await node.host.docker.getContainer(old).start();
    await node.becomes(() => node.steps("web").includes("stop"), { name: "web" });
    await node.becomes(async () => (await statesOf(node, "web"))[old] === "exited");

    await node.rests("web", "running");
    expect(await statesOf(node, "web")).toEqual({ [node.containerId("web")]: "running" });
    expect(node.status("web").observedRevisionId).toBe("r2");
  });

  it.concurrent("is tried again by a retry, and by an apply of the same revision", async (test) => {
    const node = await EngineOverDocker.start(test);
    const old = await node.run("web", node.host.longRunning());
    await node.restartEngine({ settleAfterMs: 30_000, restoreAfterAttempts: 1 });
    const apply = () => node.apply("web", crashing, { revisionId: "r2" });
    await apply();
    await node.rests("web", "failed");

    for (const again of [() => node.retry("web"), apply]) {
      await again();
      await node.reaches("web", (seen) => seen.failure === undefined || seen.failure.retryable);
      await node.reaches("web", (seen) => seen.failure?.reason === "NOT_SETTLED");
      await node.reaches("web", (seen) => seen.metadata["container.id"] === old);
      await node.becomes(async () => (await statesOf(node, "web"))[old] === "running");
      expect(Object.keys(await statesOf(node, "web"))).toEqual([old]);
    }
  });
});

/** Kills the current container, and resolves once it runs anew. */
async function runsAgainAfterKill(node: EngineOverDocker, name: string): Promise<void> {
  const { outsider } = node.host;
  const { Id, State } = await outsider.inspect(node.id(name));
  await outsider.kill(node.id(name));
  const container = node.host.docker.getContainer(Id);
  const isRunAnew = async (): Promise<boolean> => {
    const now = await container.inspect();
    return now.State.Running && now.State.StartedAt !== State.StartedAt;
  };
  await node.becomes(isRunAnew, { name });
}

/** The states of a workload's containers, by id. */
async function statesOf(
  node: EngineOverDocker,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const containers = await node.host.outsider.containers(node.id(name));
  return Object.fromEntries(containers.map(({ Id, State }) => [Id, State]));
}
