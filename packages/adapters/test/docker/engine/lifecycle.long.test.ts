import { randomUUID } from "node:crypto";
import { expect, it, type TestContext } from "vitest";
import { describeWithDocker } from "../../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../../test/docker/test-images.ts";
import { EngineOverDocker } from "./engine-over-docker.ts";
import { silentServer } from "./silent-server.ts";

describeWithDocker("stop and start", () => {
  it.concurrent("keep the container", async (test) => {
    const node = await EngineOverDocker.start(test);
    const id = await node.run("web", node.host.longRunning());

    for (const time of [1, 2]) {
      await node.want("web", "stopped");
      await node.rests("web", "stopped");
      expect(await node.host.outsider.inspect(node.id("web"))).toMatchObject({
        Id: id,
        State: { Running: false, ExitCode: 0 },
      });
      await node.want("web", "running");
      await node.rests("web", "running");
      expect([time, node.containerId("web")]).toEqual([time, id]);
    }
    expect(node.status("web").restarts).toBe(0);
  });

  it.concurrent("hold against somebody who starts what is to be stopped, or removes it", async (test) => {
    const node = await EngineOverDocker.start(test);
    const id = await node.run("web", node.host.longRunning());
    await node.want("web", "stopped");
    await node.rests("web", "stopped");
    const steps = node.steps("web").length;

    await node.host.docker.getContainer(id).start();
    await node.becomes(() => node.steps("web").length > steps, { name: "web" });
    await node.rests("web", "stopped");
    expect((await node.host.outsider.inspect(node.id("web"))).State.Running).toBe(false);

    await node.host.outsider.remove(node.id("web"));
    await node.reaches("web", (seen) => seen.observedRevisionId === "");
    await node.rests("web", "stopped");
    await node.want("web", "running");
    await node.rests("web", "running");
    expect(node.containerId("web")).not.toBe(id);
  });

  it.concurrent("end what ignores SIGTERM once its grace is over", async (test) => {
    const node = await EngineOverDocker.start(test);
    const script = 'trap "" TERM; touch /ready; while :; do sleep 0.1; done';
    await node.run("web", node.host.script(script, { stopGraceSeconds: 1 }));
    await node.becomes(
      async () => (await node.host.outsider.exec(node.id("web"), ["test", "-e", "/ready"])) === 0,
    );

    await node.want("web", "stopped");
    await node.rests("web", "stopped");

    expect(node.status("web").metadata["exit"]).toBe("code 137");
  });

  it.concurrent("of one that somebody has paused end and run it", async (test) => {
    const node = await EngineOverDocker.start(test);
    const id = await node.run("web", node.host.longRunning());
    await node.stopEngine();
    await node.host.outsider.pause(node.id("web"));
    await node.startEngine();

    await node.want("web", "stopped");
    await node.rests("web", "stopped");
    await node.want("web", "running");
    await node.rests("web", "running");

    expect(node.containerId("web")).toBe(id);
  });
});

describeWithDocker("a delete", () => {
  it.concurrent("leaves nothing of a running container", async (test) => {
    const node = await EngineOverDocker.start(test);
    await node.run("web", { image: testImages.volume });
    expect(await node.host.census()).toHaveLength(3); // Container, volume, held image.

    await node.delete("web");
    await node.isGone("web");

    expect(await node.host.census()).toEqual([]);
  });

  it.concurrent("leaves nothing of an update that has not settled", async (test) => {
    const node = await EngineOverDocker.start(test, { settleAfterMs: 2_000 });
    await node.run("web", { image: testImages.volume });
    await node.apply("web", { image: testImages.volume, env: { N: "2" } }, { revisionId: "r2" });
    await node.reaches("web", (seen) => seen.observedRevisionId === "r2");
    expect(await node.host.census()).toHaveLength(5); // Two containers, one volume, one image by two names.

    await node.delete("web");
    await node.isGone("web");

    expect(await node.host.census()).toEqual([]);
  });

  it.concurrent("leaves nothing of an update that was given up", async (test) => {
    const node = await EngineOverDocker.start(test);
    await node.run("web", { image: testImages.volume });
    const broken = { image: testImages.volume, command: ["/no/such/program"] };
    await node.apply("web", broken, { revisionId: "r2" });
    await node.rests("web", "failed");

    await node.delete("web");
    await node.isGone("web");

    expect(await node.host.census()).toEqual([]);
  });

  it.concurrent("leaves nothing of a stopped, a paused, a crashed and a removed container", async (test) => {
    const node = await EngineOverDocker.start(test);
    const names = ["stopped", "paused", "crashed", "removed"];
    await Promise.all(names.map((name) => node.run(name, { image: testImages.volume })));
    await node.want("stopped", "stopped");
    await node.rests("stopped", "stopped");
    await node.stopEngine();
    await node.host.outsider.pause(node.id("paused"));
    await node.host.outsider.kill(node.id("crashed"));
    await node.host.outsider.remove(node.id("removed"));
    await node.startEngine();

    await Promise.all(names.map((name) => node.delete(name)));
    await Promise.all(names.map((name) => node.isGone(name)));

    expect(await node.host.census()).toEqual([]);
  });

  it.concurrent("calls a pull off", async (test) => {
    const registry = await silentServer(test);
    const node = await EngineOverDocker.start(test);
    await node.apply("web", { image: `127.0.0.1:${registry.port}/slow:1` });
    await node.becomes(() => registry.connections > 0, { name: "web" });

    await node.delete("web");
    await node.isGone("web");

    expect(await node.host.census()).toEqual([]);
  });

  it.concurrent("followed by an apply ends with another container of another creation", async (test) => {
    const node = await EngineOverDocker.start(test);
    const first = await node.run("web", node.host.longRunning());
    const { uid } = node.status("web");

    await node.delete("web");
    await node.apply("web", node.host.longRunning(), { revisionId: "r9" });
    await node.rests("web", "running");

    expect(node.status("web").uid).not.toBe(uid);
    expect(node.containerId("web")).not.toBe(first);
    expect(await node.host.outsider.containers(node.id("web"))).toHaveLength(1);
  });
});

describeWithDocker("a container of an older agent", () => {
  it.concurrent("is adopted by an apply: kept until the new one has settled, then removed", async (test) => {
    const node = await EngineOverDocker.start(test, { settleAfterMs: 1_500 });
    const older = await olderContainer(node, test);

    await node.apply("web", node.host.longRunning());
    await node.reaches("web", (seen) => seen.observedRevisionId === "r1");
    expect((await older.inspect()).State.Running).toBe(false);

    await node.rests("web", "running");
    await expect(older.inspect()).rejects.toThrow(/no such container/i);
    const { Name } = await node.host.outsider.inspect(node.id("web"));
    expect(Name).toBe(`/${node.id("web")}`);
  });

  it.concurrent("runs on while the image of the new revision cannot be had", async (test) => {
    const node = await EngineOverDocker.start(test);
    const older = await olderContainer(node, test);

    const image = `persys-test/nowhere-${randomUUID()}:1`;
    await node.apply("web", { image, pullPolicy: "never" });
    await node.reaches("web", (seen) => (seen.failure?.attempts ?? 0) >= 2);

    expect((await older.inspect()).State.Running).toBe(true);
  });

  it.concurrent("is left alone without an apply, and shown as an orphan", async (test) => {
    const node = EngineOverDocker.idle(test);
    const older = await olderContainer(node, test);

    await node.startEngine();

    expect(node.engine.api.health().orphans).toContain(`container/${node.id("web")}`);
    expect((await older.inspect()).State.Running).toBe(true);
  });

  it.concurrent("goes with a delete of the workload that adopted it", async (test) => {
    const node = await EngineOverDocker.start(test, { settleAfterMs: 30_000 });
    const older = await olderContainer(node, test);
    await node.apply("web", node.host.longRunning());
    await node.reaches("web", (seen) => seen.observedRevisionId === "r1");

    await node.delete("web");
    await node.isGone("web");

    await expect(older.inspect()).rejects.toThrow(/no such container/i);
    expect(await node.host.census()).toEqual([]);
  });
});

describeWithDocker("a stranger's container with the name of a workload", () => {
  it.concurrent("is left alone, and the workload says so until the name is free", async (test) => {
    const node = await EngineOverDocker.start(test);
    const stranger = await node.host.docker.createContainer({
      name: node.id("web"),
      Image: testImages.busybox,
      Cmd: ["/bin/linger"],
    });
    test.onTestFinished(() => stranger.remove({ force: true }));
    await stranger.start();

    await node.apply("web", node.host.longRunning());
    const status = await node.reaches("web", "failed");
    expect(status.failure).toMatchObject({ reason: "NAME_CONFLICT", retryable: true });
    expect((await stranger.inspect()).State.Running).toBe(true);

    await stranger.rename({ name: `stranger-${randomUUID()}` });
    await node.rests("web", "running");
    expect((await stranger.inspect()).State.Running).toBe(true);
  });
});

/** A running container as an older agent made it, which the test removes should nobody else. */
async function olderContainer(node: EngineOverDocker, test: TestContext) {
  const id = node.id("web");
  const container = await node.host.docker.createContainer({
    name: id,
    Image: testImages.busybox,
    Cmd: ["/bin/linger"],
    Labels: {
      "persys.managed": "true",
      "persys.workload_id": id,
      "persys.revision_id": "r0",
    },
  });
  await container.start();
  test.onTestFinished(async () => {
    await container.remove({ force: true }).catch(() => {}); // Mostly it is gone.
  });
  return container;
}
