import { AgentError, type UsageSnapshot } from "@persys/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { ContainerUsage } from "../../src/docker/container-usage.ts";
import { forever } from "../support/runtime-calls.ts";
import { EngineProxy } from "./engine-proxy.ts";
import { soon, TestContainers } from "./test-containers.ts";

const mib = 1024 * 1024;

describeWithDocker("ContainerUsage", () => {
  let containers: TestContainers;
  let proxy: EngineProxy;
  let meter: ContainerUsage;

  beforeEach(async () => {
    containers = new TestContainers();
    proxy = await EngineProxy.open();
    meter = new ContainerUsage({ client: TestContainers.clientAt(proxy.endpoint) });
  });

  afterEach(async () => {
    await containers.close();
    await proxy.close();
  });

  /** What the container of one workload uses; undefined when it was left out. */
  async function measured(containerId: string): Promise<UsageSnapshot | undefined> {
    const id = containers.id("web");
    return (await meter.measure(new Map([[id, containerId]]), forever)).get(id);
  }

  /** Until `isSo` holds of two measurements with a pause between them. */
  async function reaches(
    containerId: string,
    isSo: (usage: UsageSnapshot) => boolean,
  ): Promise<void> {
    await soon(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const usage = await measured(containerId);
      return usage !== undefined && isSo(usage);
    });
  }

  it("tells the processor's share since the measurement before", async () => {
    const script = "while [ ! -e /idle ]; do :; done; sleep 600";
    // Half a core, however busy this host is.
    const busy = await containers.run("web", script, { HostConfig: { NanoCpus: 500_000_000 } });
    await reaches(busy.id, (usage) => usage.cpuPercent > 25 && usage.cpuPercent < 75);
    await containers.exec(busy.id, "touch /idle");
    await reaches(busy.id, (usage) => usage.cpuPercent < 5);
  });

  it("tells at first the share since the start, and begins anew with every run", async () => {
    const container = await containers.run("web", "while :; do :; done", {
      HostConfig: { NanoCpus: 500_000_000 },
    });
    const startedAtMs = Date.parse((await container.inspect()).State.StartedAt);
    await soon(() => Date.now() - startedAtMs > 500);
    expect((await measured(container.id))?.cpuPercent).toBeGreaterThan(5);
    await container.restart({ t: 0 });
    const again = await measured(container.id);

    expect(again?.cpuPercent).toBeGreaterThanOrEqual(0);
    expect(again?.cpuPercent).toBeLessThan(150);
  });

  it("tells the memory without files that can be read again", async () => {
    const script =
      "head -c 33554432 /dev/zero >/file; x=$(head -c 8388608 /dev/zero | tr '\\0' x); touch /ready; sleep 600; :";
    const container = await containers.run("web", script);
    await soon(async () => (await containers.exec(container.id, "test -e /ready")) === 0);
    const usage = await measured(container.id);
    const shown = await containers.docker.getContainer(container.id).stats({ stream: false });

    expect(shown.memory_stats.usage).toBeGreaterThan(40 * mib);
    expect(usage?.memoryBytes).toBeGreaterThan(8 * mib);
    expect(usage?.memoryBytes).toBeLessThan(shown.memory_stats.usage - 20 * mib);
  });

  it("tells what went through the network and the disks", async () => {
    const container = await containers.run("web", "sleep 600");
    const { NetworkSettings } = await container.inspect();
    const gateway = NetworkSettings.Networks["bridge"]?.Gateway ?? "";
    await containers.exec(container.id, `ping -c 3 -s 30000 -W 5 ${gateway}`);
    await containers.exec(container.id, "dd if=/dev/zero of=/file bs=64k count=16 conv=fsync");
    const usage = await measured(container.id);

    for (const bytes of [usage?.netTxBytes, usage?.netRxBytes])
      expect(bytes).toBeGreaterThan(30_000);
    expect(usage?.source).toBe("docker");
    expect(Math.abs((usage?.collectedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(usage?.diskWriteBytes).toBeGreaterThanOrEqual(0);
  });

  it("leaves out what has ended, and what is gone", async () => {
    const running = await containers.run("a", "sleep 600");
    const ended = await containers.ran("b", "true");
    const gone = await containers.make("c", "true");
    await gone.remove();
    const asked = new Map([
      [containers.id("b"), ended.id],
      [containers.id("c"), gone.id],
      [containers.id("a"), running.id],
    ]);
    const usages = await meter.measure(asked, forever);

    expect([...usages.keys()]).toEqual([containers.id("a")]);
  });

  it("measures many with one call each, and inspects each once", async () => {
    const made = await Promise.all(
      ["a", "b", "c", "d"].map(async (name) => {
        const container = await containers.run(name, "sleep 600", {
          HostConfig: { NetworkMode: "host" },
        });
        return [containers.id(name), container.id] as const;
      }),
    );
    for (let round = 0; round < 2; round += 1)
      expect((await meter.measure(new Map(made), forever)).size).toBe(4);

    expect(proxy.requests("/stats")).toBe(8);
    expect(proxy.requests("/json")).toBe(4);
    meter.forget((id) => id === containers.id("a"));
    await meter.measure(new Map(made), forever);
    expect(proxy.requests("/json")).toBe(7);
  });

  it("leaves out what cannot be measured in time, and fails when the engine is away", async () => {
    const container = await containers.run("web", "sleep 600");
    const client = TestContainers.clientAt(proxy.endpoint);
    meter = new ContainerUsage({ client, callTimeoutMs: 50 });
    proxy.stall();
    expect(await measured(container.id)).toBeUndefined();
    await proxy.cut();

    await expect(measured(container.id)).rejects.toSatisfy((error) =>
      AgentError.hasCode(error, "RUNTIME_UNAVAILABLE"),
    );
  });

  it("ends with the signal's reason", async () => {
    const container = await containers.run("web", "sleep 600");
    proxy.stall();
    const control = new AbortController();
    const measuring = meter.measure(
      new Map([[containers.id("web"), container.id]]),
      control.signal,
    );
    const reason = new Error("enough");
    control.abort(reason);

    await expect(measuring).rejects.toBe(reason);
  });
});
