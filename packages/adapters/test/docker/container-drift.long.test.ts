import { randomUUID } from "node:crypto";
import { AgentError, type Json, keptInstance, type WorkloadId } from "@persys/core";
import { afterAll, expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { eventually, forever } from "../support/runtime-calls.ts";
import { DockerHarness } from "./docker-harness.ts";

type Members = { readonly [key: string]: Json };

const mib = 1_048_576;
const limited: Members = {
  resources: { memoryBytes: 64 * mib, cpuShares: 512, cpuMillicores: 500, pidsLimit: 100 },
};

interface Change {
  readonly what: string;
  readonly spec?: Members;
  readonly change: Readonly<Record<string, unknown>>;
  readonly phrases: readonly string[];
  /** Whether the same container goes on. */
  readonly inPlace: boolean;
}

const changes: readonly Change[] = [
  {
    what: "memory limit",
    spec: limited,
    change: { Memory: 96 * mib, MemorySwap: 128 * mib },
    phrases: ["memory is 96 MiB instead of 64 MiB"],
    inPlace: true,
  },
  {
    what: "memory limit where none is asked for",
    change: { Memory: 96 * mib, MemorySwap: 192 * mib },
    phrases: ["memory is 96 MiB instead of unlimited"],
    inPlace: false,
  },
  {
    what: "processor weight",
    spec: limited,
    change: { CpuShares: 256 },
    phrases: ["processor weight is 256 instead of 512"],
    inPlace: true,
  },
  {
    what: "processor weight where none is asked for",
    change: { CpuShares: 256 },
    phrases: ["processor weight is 256 instead of the default"],
    inPlace: false,
  },
  {
    what: "number of processors",
    spec: limited,
    change: { NanoCpus: 1_000_000_000 },
    phrases: ["number of processors is 1 instead of 0.5"],
    inPlace: true,
  },
  {
    what: "number of processors where none is asked for",
    change: { NanoCpus: 1_000_000_000 },
    phrases: ["number of processors is 1 instead of unlimited"],
    inPlace: false,
  },
  {
    what: "number of processes",
    spec: limited,
    change: { PidsLimit: -1 },
    phrases: ["number of processes is unlimited instead of 100"],
    inPlace: true,
  },
  {
    what: "number of processes where none is asked for",
    change: { PidsLimit: 50 },
    phrases: ["number of processes is 50 instead of unlimited"],
    inPlace: true,
  },
  {
    what: "processor quota",
    change: { CpuQuota: 50_000 },
    phrases: ["processor quota is 50000 instead of unlimited"],
    inPlace: true,
  },
  {
    what: "set of processors",
    change: { CpusetCpus: "0" },
    phrases: ["set of processors is 0 instead of the default"],
    inPlace: false,
  },
  {
    what: "reserved memory",
    change: { MemoryReservation: 32 * mib },
    phrases: ["reserved memory is 32 MiB instead of unlimited"],
    inPlace: true,
  },
  {
    what: "restart policy",
    change: { RestartPolicy: { Name: "always" } },
    phrases: ["restart policy is always instead of no"],
    inPlace: true,
  },
];

describeWithDocker("a container changed behind the agent's back", () => {
  const host = new DockerHarness();
  afterAll(async () => host.close());

  for (const { what, spec, change, phrases, inPlace } of changes) {
    const outcome = inPlace ? "set right in place" : "made again";
    it.concurrent(`is seen and ${outcome}: ${what}`, async () => {
      const target = host.target(what.replaceAll(" ", "-"), host.longRunning(spec));
      await host.run(target);
      const before = await host.current(target.id);
      const glance = await glanceOf(host, target.id);

      await host.outsider.update(target.id, change);

      await eventually(async () => (await glanceOf(host, target.id)) !== glance, 30_000);
      expect((await host.current(target.id)).drift).toEqual(expect.arrayContaining([...phrases]));
      await host.runtime.replace(target, forever);
      const after = await host.current(target.id);
      expect(after).toMatchObject({ state: "running", drift: [] });
      expect([after.handle, after.run]).toEqual(
        inPlace
          ? [before.handle, before.run]
          : [expect.not.stringMatching(before.handle), expect.anything()],
      );
      expect(await host.outsider.containers(target.id)).toHaveLength(1);
      expect(await leaves(host, target.id)).toEqual([]);
    });
  }

  it.concurrent("is made again where its limit cannot go back: more memory is in use", async () => {
    const target = host.target(
      "greedy",
      host.script(
        "sleep 0.2; head -c 50000000 /dev/zero | tail -c 1 >/dev/null; exec /bin/linger",
        {
          tmpfs: [{ containerPath: "/fill" }],
          resources: { memoryBytes: 32 * mib, memorySwapBytes: 32 * mib },
        },
      ),
    );
    await host.prepare(target);
    await host.outsider.update(target.id, { Memory: 200 * mib, MemorySwap: 200 * mib });
    await (await host.outsider.container(target.id)).start();
    await host.outsider.exec(target.id, ["dd", "if=/dev/zero", "of=/fill/x", "bs=1M", "count=100"]);

    await host.runtime.replace(target, forever);

    expect(await host.current(target.id)).toMatchObject({ drift: [] });
  });

  it.concurrent("runs on where another one cannot be made", async () => {
    const target = host.target("unmade", host.longRunning());
    await host.run(target);
    const before = await host.current(target.id);
    await host.outsider.update(target.id, { CpusetCpus: "0" });
    for (const pin of await host.outsider.pins([target.id]))
      await host.docker.getImage(pin).remove();

    await expect(host.runtime.replace(target, forever)).rejects.toMatchObject({
      code: "NOT_PREPARED",
    });

    expect(await host.current(target.id)).toMatchObject({ run: before.run, state: "running" });
    await host.prepare(target);
    await host.runtime.replace(target, forever);
    expect(await host.current(target.id)).toMatchObject({ state: "running", drift: [] });
  });

  it.concurrent("has its name back after a rename", async () => {
    const target = host.target("renamed", host.longRunning());
    await host.run(target);
    const before = await host.current(target.id);

    await host.outsider.rename(target.id, `other-${target.id}`);

    const drifted = await host.current(target.id);
    expect(drifted.drift).toEqual([`name is other-${target.id} instead of ${target.id}`]);
    await host.runtime.replace(target, forever);
    const after = await host.current(target.id);
    expect(after).toMatchObject({ handle: before.handle, run: before.run, drift: [] });
  });

  it.concurrent("goes on under another name while a stranger has its own", async () => {
    const target = host.target("usurped", host.longRunning());
    const update = host.target("usurped", host.longRunning({ env: { A: "2" } }));
    await host.run(target);
    await host.prepare(update);
    const before = await host.current(target.id);
    const name = `other-${target.id}`;
    await host.outsider.rename(target.id, name);
    const stranger = await host.docker.createContainer({
      name: target.id,
      Image: testImages.busybox,
    });
    try {
      await expect(host.runtime.replace(target, forever)).rejects.toSatisfy(isNameConflict);
      await expect(host.prepare(update)).rejects.toSatisfy(isNameConflict);
      await expect(host.runtime.replace(update, forever)).rejects.toSatisfy(isNameConflict);
      const current = await host.current(target.id);
      expect(current).toMatchObject({ handle: before.handle, run: before.run, state: "running" });
      expect(current.facts["container.name"]).toBe(name);

      await host.outsider.kill(target.id);
      await host.ended(target.id);
      await host.runtime.start(target, forever);
      expect(await host.current(target.id)).toMatchObject({
        handle: before.handle,
        state: "running",
      });
    } finally {
      await stranger.remove();
    }
    await host.runtime.replace(target, forever);
    expect(await host.current(target.id)).toMatchObject({ handle: before.handle, drift: [] });
  });

  it.concurrent("comes back to its networks, and its port still leads to it", async () => {
    const target = host.target("networks", host.web());
    const extra = await ownNetwork(host);
    await host.run(target);
    const before = await host.current(target.id);
    const glance = await glanceOf(host, target.id);

    await host.outsider.connect(target.id, extra);
    await host.outsider.disconnect(target.id, "bridge");

    expect(await glanceOf(host, target.id)).not.toBe(glance);
    expect((await host.current(target.id)).drift).toEqual([
      "not in network bridge",
      `in network ${extra} as well`,
    ]);
    await host.runtime.replace(target, forever);
    const after = await host.current(target.id);
    expect(after).toMatchObject({ handle: before.handle, run: before.run, drift: [] });
    await answers(host, target.id);
  });

  it.concurrent("says that its network is gone, and runs on", async () => {
    const network = await ownNetwork(host);
    const target = host.target("lost-network", host.longRunning({ network }));
    await host.run(target);
    const before = await host.current(target.id);
    await host.outsider.disconnect(target.id, network);
    await host.docker.getNetwork(network).remove();

    await expect(host.runtime.replace(target, forever)).rejects.toMatchObject({
      code: "NETWORK_ERROR",
    });

    expect(await host.current(target.id)).toMatchObject({ run: before.run, state: "running" });
    await ownNetwork(host, network);
    await host.runtime.replace(target, forever);
    expect(await host.current(target.id)).toMatchObject({ state: "running", drift: [] });
  });

  it.concurrent("is set right by a start when it was changed while stopped", async () => {
    const target = host.target("stopped", host.longRunning(limited));
    await host.run(target);
    await host.runtime.stop(target.id, 1_000, forever);
    const { handle } = await host.current(target.id);
    await host.outsider.update(target.id, { Memory: 96 * mib, MemorySwap: 128 * mib });
    await host.outsider.rename(target.id, `other-${target.id}`);
    await host.outsider.disconnect(target.id, "bridge");
    expect((await host.current(target.id)).drift).toHaveLength(3);

    await host.runtime.start(target, forever);

    expect(await host.current(target.id)).toMatchObject({ handle, state: "running", drift: [] });
  });

  it.concurrent("does not keep a start from happening where only another container would do", async () => {
    const target = host.target("stubborn", host.longRunning());
    await host.run(target);
    await host.outsider.update(target.id, { CpusetCpus: "0" });
    await host.runtime.stop(target.id, 1_000, forever);
    const { handle } = await host.current(target.id);

    await host.runtime.start(target, forever);

    expect(await host.current(target.id)).toMatchObject({ handle, state: "running" });
  });

  it.concurrent("is seen once it is restored when it was changed while kept", async () => {
    const [first, second] = ["1", "2"].map((one) =>
      host.target("kept", host.longRunning({ ...limited, env: { V: one } })),
    );
    if (first === undefined || second === undefined) throw new Error("no targets");
    await host.run(first);
    await host.prepare(second);
    await host.runtime.replace(second, forever);
    const kept = keptInstance(await host.observe(first.id));
    const container = host.docker.getContainer(String(kept?.handle));
    await container.update({ CpuShares: 256 });
    await container.rename({ name: `other-${first.id}` });

    expect(keptInstance(await host.observe(first.id))).toMatchObject({ handle: kept?.handle });
    await host.runtime.restore(first.id, forever);

    const restored = await host.current(first.id);
    expect(restored).toMatchObject({
      handle: kept?.handle,
      drift: ["processor weight is 256 instead of 512"],
    });
    await host.runtime.replace(first, forever);
    expect(await host.current(first.id)).toMatchObject({ handle: kept?.handle, drift: [] });
  });

  it.concurrent("is shown by the glances of a few lists, however many containers there are", async () => {
    const many = new DockerHarness();
    try {
      const targets = Array.from({ length: 20 }, (_, at) =>
        many.target(`many-${at}`, many.longRunning(limited)),
      );
      for (const target of targets) await many.prepare(target);
      const before = await many.runtime.list(forever);
      const changed = targets[13]?.id ?? targets[0]?.id;
      if (changed === undefined) throw new Error("no targets");
      await many.outsider.update(changed, { CpuShares: 256 });

      // Each list looks at 8 of them.
      let lists = 0;
      for (; lists < 3; lists += 1)
        if ((await many.runtime.list(forever)).get(changed) !== before.get(changed)) break;

      expect(lists).toBeLessThan(3);
    } finally {
      await many.close();
    }
  });
});

function isNameConflict(error: unknown): boolean {
  return AgentError.hasCode(error, "NAME_CONFLICT");
}

async function glanceOf(host: DockerHarness, id: WorkloadId): Promise<string | undefined> {
  return (await host.runtime.list(forever)).get(id);
}

/** A network that goes with the harness. Resolves with its name. */
async function ownNetwork(host: DockerHarness, name = `test-${randomUUID()}`): Promise<string> {
  await host.docker.createNetwork({ Name: name, Labels: { "persys.node_id": host.nodeId } });
  return name;
}

async function answers(host: DockerHarness, id: WorkloadId): Promise<void> {
  await eventually(async () => {
    const port = await host.outsider.publishedPort(id);
    return (await fetch(`http://127.0.0.1:${port}/`)).ok;
  });
}

/** Removes the workload, and resolves with what is left of it. */
async function leaves(host: DockerHarness, id: WorkloadId): Promise<readonly string[]> {
  await host.runtime.remove(id, forever);
  return (await host.census()).filter((one) => one.includes(id));
}
