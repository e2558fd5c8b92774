import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { afterEach, expect, it } from "vitest";
import { describeWithDocker } from "./docker-host.ts";
import { isRunning, PrivateDockerd } from "./private-dockerd.ts";
import { testImages } from "./test-images.ts";

describeWithDocker("a private Docker engine", () => {
  const engines: PrivateDockerd[] = [];
  const start = async (): Promise<PrivateDockerd> => {
    const engine = await PrivateDockerd.start();
    engines.push(engine);
    return engine;
  };

  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.dispose();
  });

  it("has the images of the tests and a network of its own", async () => {
    const [one, other] = [await start(), await start()];

    const subnets = await Promise.all([one, other].map(subnetOf));

    expect(new Set(subnets).size).toBe(2);
    const tags = (await other.docker.listImages()).flatMap((image) => image.RepoTags ?? []);
    expect(tags.toSorted()).toEqual(Object.values(testImages).toSorted());
  });

  it("comes back with its containers exited after it was stopped", async () => {
    const engine = await start();
    const container = await lingering(engine);

    await engine.stop();
    await expect(engine.docker.ping()).rejects.toThrow();
    await engine.up();

    expect((await container.inspect()).State).toMatchObject({ Status: "exited", ExitCode: 0 });
  });

  it("ends its containers when it comes back after it was killed", async () => {
    const engine = await start();
    const polite = await lingering(engine);
    const stubborn = await ignoringStop(engine);
    const pids = [await pidOf(polite), await pidOf(stubborn)];

    await engine.kill();
    expect(pids.map(isRunning)).toEqual([true, true]);
    await engine.up();

    expect((await polite.inspect()).State).toMatchObject({ Status: "exited", ExitCode: 0 });
    expect((await stubborn.inspect()).State).toMatchObject({ Status: "exited", ExitCode: 137 });
    expect(pids.map(isRunning)).toEqual([false, false]);
    await polite.start();
    expect((await polite.inspect()).State.Running).toBe(true);
  });

  it("does not answer while it is frozen", async () => {
    const engine = await start();

    await engine.freeze();
    const asked = engine.docker.ping().then(() => "answered");
    const first = await Promise.race([asked, pause(300, "silent")]);
    engine.thaw();

    expect(first).toBe("silent");
    expect(await asked).toBe("answered");
  });

  it("leaves nothing behind, whatever runs in it", async () => {
    const engine = await start();
    const network = await engine.docker.createNetwork({ Name: "own" });
    const stubborn = await ignoringStop(engine, network.id);
    const pid = await pidOf(stubborn);
    await stubborn.pause();
    const bridges = [await bridgeOf(engine), `br-${network.id.slice(0, 12)}`];
    expect(readdirSync("/sys/class/net")).toEqual(expect.arrayContaining(bridges));

    await engine.dispose();

    expect(existsSync(engine.root)).toBe(false);
    expect(isRunning(pid)).toBe(false);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(engine.root);
    expect(readdirSync("/sys/class/net").filter((name) => bridges.includes(name))).toEqual([]);
  });
});

async function lingering(engine: PrivateDockerd): Promise<Docker.Container> {
  const container = await engine.docker.createContainer({
    Image: testImages.busybox,
    Cmd: ["/bin/linger"],
  });
  await container.start();
  return container;
}

async function ignoringStop(engine: PrivateDockerd, network = "bridge"): Promise<Docker.Container> {
  const container = await engine.docker.createContainer({
    Image: testImages.busybox,
    Cmd: ["sh", "-c", 'trap "" TERM; sleep 1000'],
    StopTimeout: 1,
    HostConfig: { NetworkMode: network },
  });
  await container.start();
  return container;
}

async function pidOf(container: Docker.Container): Promise<number> {
  return (await container.inspect()).State.Pid;
}

async function subnetOf(engine: PrivateDockerd): Promise<string> {
  const { IPAM } = await engine.docker.getNetwork("bridge").inspect();
  return String(IPAM?.Config?.[0]?.Subnet);
}

async function bridgeOf(engine: PrivateDockerd): Promise<string> {
  const { Options } = await engine.docker.getNetwork("bridge").inspect();
  return String(Options?.["com.docker.network.bridge.name"]);
}
