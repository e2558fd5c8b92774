import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { expect, it } from "vitest";
import { unlessMissing } from "../../../../../test/docker/docker-answers.ts";
import { describeWithDocker } from "../../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../../test/docker/test-images.ts";
import { EngineOverDocker } from "./engine-over-docker.ts";
import { silentServer } from "./silent-server.ts";

describeWithDocker("what stands in the way of a container", () => {
  it.concurrent("is told, and tried again, when its port was taken while it was down", async (test) => {
    const node = await EngineOverDocker.start(test);
    const { port: hostPort, close } = await freeablePort();
    const ports = [{ hostPort, containerPort: 8080, hostIp: "127.0.0.1" }];
    await node.apply("web", node.host.web({ ports }));
    const failed = await node.reaches("web", (seen) => seen.failure?.nextRetryAtMs !== undefined);
    expect(failed.failure).toMatchObject({ reason: "PORT_CONFLICT", retryable: true });
    expect(failed.message).toContain(String(hostPort));

    await close();
    await node.rests("web", "running");

    expect(await node.host.outsider.publishedPort(node.id("web"))).toBe(hostPort);
  });

  it.concurrent("is told, and tried again, when its network is gone", async (test) => {
    const node = await EngineOverDocker.start(test);
    const name = `test-${randomUUID()}`;
    const { docker, outsider } = node.host;
    const network = await docker.createNetwork({ Name: name });
    test.onTestFinished(async () => {
      await node.stopEngine();
      await node.host.close();
      await unlessMissing(docker.getNetwork(name).remove());
    });
    const id = await node.run("web", node.host.longRunning({ network: name }));
    await node.stopEngine();
    await outsider.stop(node.id("web"));
    await network.remove();
    await node.startEngine();

    const failed = await node.reaches("web", (seen) => (seen.failure?.attempts ?? 0) >= 2);
    expect(failed.failure).toMatchObject({ reason: "NETWORK_ERROR", retryable: true });
    expect(failed.message).toContain(name);
    await docker.createNetwork({ Name: name });
    await node.rests("web", "running");

    expect(node.containerId("web")).toBe(id);
    expect(Object.keys((await outsider.inspect(node.id("web"))).NetworkSettings.Networks)).toEqual([
      name,
    ]);
  });

  it.concurrent("is pulled or found anew when somebody removes the image and the container", async (test) => {
    const node = await EngineOverDocker.start(test);
    const [repo, tag] = [`persys-test/removed-${randomUUID()}`, "1"];
    const image = node.host.docker.getImage(`${repo}:${tag}`);
    const busybox = node.host.docker.getImage(testImages.busybox);
    await busybox.tag({ repo, tag });
    const before = await node.run("web", node.host.longRunning({ image: `${repo}:${tag}` }));
    await node.stopEngine();
    await node.host.outsider.remove(node.id("web"));
    for (const pin of await node.host.outsider.pins([node.id("web")]))
      await node.host.docker.getImage(pin).remove();
    await image.remove();
    await node.startEngine();

    const failed = await node.reaches("web", "failed");
    expect(failed.message).toContain(repo);
    await busybox.tag({ repo, tag });
    test.onTestFinished(() => image.remove());
    await node.retry("web");
    await node.rests("web", "running");

    expect(node.containerId("web")).not.toBe(before);
  });

  it.concurrent("is told when a stranger has taken its name, and it runs on", async (test) => {
    const node = await EngineOverDocker.start(test);
    const id = await node.run("web", node.host.longRunning());
    await node.stopEngine();
    await node.host.outsider.rename(node.id("web"), `${node.id("web")}-away`);
    const stranger = await node.host.docker.createContainer({
      name: node.id("web"),
      Image: testImages.busybox,
      Cmd: ["/bin/linger"],
    });
    test.onTestFinished(() => stranger.remove({ force: true }));
    await node.startEngine();

    const failed = await node.reaches("web", (seen) => (seen.failure?.attempts ?? 0) >= 3);
    expect(failed.failure).toMatchObject({ reason: "NAME_CONFLICT", retryable: true });
    expect((await node.host.outsider.inspect(node.id("web"))).State.Running).toBe(true);
    await stranger.rename({ name: `stranger-${randomUUID()}` });
    await node.rests("web", "running");

    expect(node.containerId("web")).toBe(id);
    expect((await node.host.outsider.inspect(node.id("web"))).Name).toBe(`/${node.id("web")}`);
  });
});

describeWithDocker("a container", () => {
  it.concurrent("that is sick is left running and said to be unhealthy, until it is well again", async (test) => {
    const node = await EngineOverDocker.start(test);
    const id = await node.run("web", node.host.web());

    await node.host.outsider.exec(node.id("web"), ["touch", "/tmp/sick"]);
    const sick = await node.reaches("web", "failed");
    expect(sick.failure).toMatchObject({ reason: "UNHEALTHY" });
    await node.host.outsider.exec(node.id("web"), ["rm", "/tmp/sick"]);
    await node.reaches("web", "running");

    expect(node.containerId("web")).toBe(id);
    expect(node.status("web").restarts).toBe(0);
  });

  it.concurrent("that crashes again and again stays in the hands of the agent when somebody gives it a restart policy", async (test) => {
    const node = await EngineOverDocker.start(test, { settleAfterMs: 30_000, backoffBaseMs: 200 });
    await node.apply("web", node.host.script("sleep 0.2; exit 1"));
    await node.reaches("web", (seen) => seen.restarts >= 2);

    await node.host.outsider.update(node.id("web"), { RestartPolicy: { Name: "always" } });
    const { restarts } = node.status("web");
    await node.reaches("web", (seen) => seen.restarts >= restarts + 2);

    const { HostConfig, RestartCount } = await node.host.outsider.inspect(node.id("web"));
    expect(HostConfig.RestartPolicy?.Name).toBe("no");
    expect(RestartCount).toBeLessThanOrEqual(3);
    expect(await node.host.outsider.containers(node.id("web"))).toHaveLength(1);
  });

  it.concurrent("that was changed while it was stopped is set right by its start", async (test) => {
    const node = await EngineOverDocker.start(test);
    const memoryBytes = 64 * 1024 * 1024;
    const { outsider } = node.host;
    const id = await node.run("web", node.host.longRunning({ resources: { memoryBytes } }));
    await node.want("web", "stopped");
    await node.rests("web", "stopped");

    await outsider.update(node.id("web"), {
      Memory: memoryBytes / 2,
      MemorySwap: memoryBytes / 2,
      RestartPolicy: { Name: "always" },
    });
    await outsider.rename(node.id("web"), `${node.id("web")}-away`);
    await outsider.disconnect(node.id("web"), "bridge");
    await node.want("web", "running");
    await node.rests("web", "running");

    const { Id, Name, HostConfig, NetworkSettings } = await outsider.inspect(node.id("web"));
    expect([Id, Name]).toEqual([id, `/${node.id("web")}`]);
    expect([HostConfig.Memory, HostConfig.RestartPolicy?.Name]).toEqual([memoryBytes, "no"]);
    expect(Object.keys(NetworkSettings.Networks)).toEqual(["bridge"]);
  });

  it.concurrent("that was paused gives way to an update", async (test) => {
    const registry = await silentServer(test);
    const node = await EngineOverDocker.start(test);
    await node.run("web", node.host.longRunning());
    await node.apply("web", { image: `127.0.0.1:${registry.port}/slow:1` }, { revisionId: "r2" });
    await node.becomes(() => registry.connections > 0, { name: "web" });

    await node.host.outsider.pause(node.id("web"));
    await node.apply("web", node.host.longRunning({ env: { N: "3" } }), { revisionId: "r3" });
    await node.rests("web", "running");

    expect(node.status("web").observedRevisionId).toBe("r3");
    expect(await node.host.outsider.containers(node.id("web"))).toHaveLength(1);
  });

  it.concurrent("that is stopped and started in quick succession ends as was last asked for", async (test) => {
    const node = await EngineOverDocker.start(test);
    const id = await node.run("web", node.host.longRunning());

    for (const desired of ["stopped", "running", "stopped", "running", "stopped"] as const)
      await node.want("web", desired);
    await node.rests("web", "stopped");
    expect((await node.host.outsider.inspect(node.id("web"))).State.Running).toBe(false);
    for (const desired of ["running", "stopped", "running"] as const)
      await node.want("web", desired);
    await node.rests("web", "running");

    expect(node.containerId("web")).toBe(id);
    expect(node.status("web").restarts).toBe(0);
  });

  it.concurrent("whose name was exchanged for that of what is set aside is made current again", async (test) => {
    const node = await EngineOverDocker.start(test);
    const id = await node.run("web", node.host.longRunning());
    const { State } = await node.host.outsider.inspect(node.id("web"));

    await node.host.outsider.rename(node.id("web"), `persys.kept.${node.id("web")}`);
    await node.becomes(
      async () => (await node.host.outsider.inspect(node.id("web"))).Name === `/${node.id("web")}`,
      { name: "web" },
    );
    await node.rests("web", "running");

    expect(node.containerId("web")).toBe(id);
    expect((await node.host.outsider.inspect(node.id("web"))).State.StartedAt).toBe(
      State.StartedAt,
    );
  });
});

/** A port of the loopback that is in use until it is closed. */
async function freeablePort(): Promise<{
  readonly port: number;
  readonly close: () => Promise<void>;
}> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens on no port");
  return {
    port: address.port,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
