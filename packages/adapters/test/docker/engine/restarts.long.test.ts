import { expect, it } from "vitest";
import { describeWithDocker } from "../../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../../test/docker/test-images.ts";
import { DockerGateway } from "./docker-gateway.ts";
import { EngineOverDocker } from "./engine-over-docker.ts";

const workloadsCount = 8;

describeWithDocker("a restart of the agent", () => {
  it.concurrent("changes nothing and stores nothing where all is as wanted", async (test) => {
    const node = await EngineOverDocker.start(test, { resyncIntervalMs: 1 });
    const names = Array.from({ length: workloadsCount }, (_, at) => `w${at}`);
    // Some of each kind.
    const spec = (at: number) =>
      [
        node.host.longRunning(),
        node.host.web(),
        { image: testImages.volume },
        node.host.script("exit 0", { restartPolicy: { policy: "no" } }),
      ][at % 4] ?? {};
    await Promise.all(names.map((name, at) => node.apply(name, spec(at))));
    await Promise.all(
      names.map((name, at) => node.rests(name, at % 4 === 3 ? "stopped" : "running")),
    );
    await node.want("w0", "stopped");
    await node.rests("w0", "stopped");
    await node.run("w1", node.host.web({ env: { N: "2" } }), { revisionId: "r2" });
    const before = names.map((name) => essenceOf(node, name));
    await node.stopEngine();

    const gateway = await DockerGateway.open(test);
    await node.startEngine({ runtime: node.host.another({ endpoint: gateway.endpoint }) });
    expect(names.map((name) => essenceOf(node, name))).toEqual(before);
    const after = gateway.reads;
    // Some lists later everything was looked at in turn.
    await node.becomes(() => gateway.reads > after + 3 * workloadsCount);

    expect(gateway.changes).toEqual([]);
    expect(node.commits).toBe(0);
    expect(names.map((name) => node.steps(name))).toEqual(names.map(() => []));
    expect(names.map((name) => essenceOf(node, name))).toEqual(before);
    expect(node.missedEvents).toBe(0);
  });

  it.concurrent("heals what was changed meanwhile", async (test) => {
    const node = await EngineOverDocker.start(test);
    const names = ["killed", "removed", "paused", "updated", "renamed", "disconnected"] as const;
    const memoryBytes = 64 * 1024 * 1024;
    const spec = node.host.longRunning({ resources: { memoryBytes } });
    const before = await Promise.all(names.map((name) => node.run(name, spec)));
    await node.stopEngine();

    const { outsider } = node.host;
    await outsider.kill(node.id("killed"));
    await outsider.remove(node.id("removed"));
    await outsider.pause(node.id("paused"));
    await outsider.update(node.id("updated"), {
      Memory: memoryBytes / 2,
      MemorySwap: memoryBytes / 2,
    });
    await outsider.rename(node.id("renamed"), `${node.id("renamed")}-away`);
    await outsider.disconnect(node.id("disconnected"), "bridge");
    await node.startEngine();

    const isHealed = async (name: string): Promise<boolean> => {
      const [newest] = await outsider.containers(node.id(name));
      if (newest?.State !== "running" || node.state(name) !== "running") return false;
      const { Name, HostConfig, NetworkSettings } = await outsider.inspect(node.id(name));
      return (
        Name === `/${node.id(name)}` &&
        HostConfig.Memory === memoryBytes &&
        Object.keys(NetworkSettings.Networks).join() === "bridge"
      );
    };
    for (const name of names) await node.becomes(() => isHealed(name), { name });
    const after = names.map((name) => node.containerId(name));
    expect(names.filter((_, at) => after[at] !== before[at])).toEqual(["removed"]);
  });

  it.concurrent("sees how what ended meanwhile has ended", async (test) => {
    const node = await EngineOverDocker.start(test);
    const until = (code: number) =>
      node.host.script(`trap 'exit ${code}' USR1; while :; do sleep 0.05; done`, {
        restartPolicy: { policy: "no" },
      });
    await Promise.all([node.run("well", until(0)), node.run("badly", until(5))]);
    await node.stopEngine();

    for (const name of ["well", "badly"]) {
      await node.host.outsider.kill(node.id(name), "SIGUSR1");
      await (await node.host.outsider.container(node.id(name))).wait();
    }
    await node.startEngine();

    expect((await node.rests("well", "stopped")).message).toContain("completed");
    const badly = await node.rests("badly", "failed");
    expect(badly.failure).toMatchObject({ reason: "EXITED", retryable: false });
    expect(badly.metadata["exit"]).toBe("code 5");
    expect((await node.host.outsider.inspect(node.id("badly"))).State.Running).toBe(false);
  });

  it.concurrent("goes on with an update where it was, and with its back-off", async (test) => {
    const node = await EngineOverDocker.start(test);
    const old = await node.run("web", node.host.longRunning());
    await node.restartEngine({
      settleAfterMs: 30_000,
      backoffBaseMs: 60_000,
      backoffMaxMs: 60_000,
    });
    await node.apply("web", node.host.script("exit 1"), { revisionId: "r2" });
    const failed = await node.reaches("web", (seen) => seen.failure?.nextRetryAtMs !== undefined);

    await node.restartEngine();

    const status = node.status("web");
    expect(status.failure).toMatchObject({ attempts: failed.failure?.attempts });
    expect(status.failure?.nextRetryAtMs).toBe(failed.failure?.nextRetryAtMs);
    await node.restartEngine({ backoffBaseMs: 50, backoffMaxMs: 50 });
    await node.retry("web");
    await node.reaches("web", (seen) => seen.failure?.reason === "NOT_SETTLED");
    await node.reaches("web", (seen) => seen.metadata["container.state"] === "running");
    expect(node.containerId("web")).toBe(old);
  });
});

/** What a client is told of a workload, without times of looks and counts of starts of the agent. */
function essenceOf(node: EngineOverDocker, name: string): unknown {
  const { observedAtMs: _, usage: _usage, ...rest } = node.status(name);
  return rest;
}
