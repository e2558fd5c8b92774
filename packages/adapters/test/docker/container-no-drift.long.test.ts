import {
  assert as check,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  option,
  record,
  sample,
} from "fast-check";
import { type Json, parseContainerSpec, type Target } from "@persys/core";
import { afterEach, expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { PrivateDockerd } from "../../../../test/docker/private-dockerd.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { forever } from "../support/runtime-calls.ts";
import { DockerHarness } from "./docker-harness.ts";

const mib = 1_048_576;
const optionally = { nil: undefined } as const;

/** Valid specs that run until they are stopped. */
const specs = record({
  image: constantFrom(testImages.busybox, testImages.web, testImages.volume, testImages.user),
  network: option(constantFrom("bridge", "host", "none", "own"), optionally),
  hasPorts: boolean(),
  hasSwap: boolean(),
  memoryMib: option(integer({ min: 6, max: 512 }), optionally),
  cpuShares: option(integer({ min: 2, max: 262_144 }), optionally),
  cpuMillicores: option(integer({ min: 10, max: 1_000 }), optionally),
  pidsLimit: option(integer({ min: 5, max: 4_194_304 }), optionally),
  hasTmpfs: boolean(),
  hasCheck: boolean(),
}).map(({ image, network, hasPorts, hasSwap, memoryMib, hasTmpfs, hasCheck, ...limits }): Json => {
  const memory = memoryMib === undefined ? undefined : memoryMib * mib;
  const resources = {
    ...Object.fromEntries(Object.entries(limits).filter(([, one]) => one !== undefined)),
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...(memory === undefined || !hasSwap ? {} : { memorySwapBytes: memory + 10 * mib }),
  };
  const parsed = parseContainerSpec({
    image,
    command: ["/bin/linger"],
    resources,
    ...(network === undefined ? {} : { network }),
    ...(hasPorts && network !== "host" && network !== "none"
      ? { ports: [{ containerPort: 80, hostIp: "127.0.0.1" }] }
      : {}),
    ...(hasTmpfs ? { tmpfs: [{ containerPath: "/data" }] } : {}),
    ...(hasCheck ? { healthcheck: { test: ["CMD", "true"] } } : {}),
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.value.spec;
});

describeWithDocker("a container that nobody has changed", () => {
  const hosts: DockerHarness[] = [];
  const engines: PrivateDockerd[] = [];
  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.close();
    for (const engine of engines.splice(0)) await engine.dispose();
  });

  it("has not drifted, whatever its spec, created, running, stopped and paused", async () => {
    const host = new DockerHarness();
    hosts.push(host);
    await ownNetwork(host);
    let runs = 0;
    const property = asyncProperty(specs, async (spec) => {
      runs += 1;
      const target = host.target(`spec-${runs}`, inNetworkOf(host, spec));
      const drift = async (): Promise<readonly string[]> => (await host.current(target.id)).drift;
      await host.prepare(target);
      expect(await drift()).toEqual([]);
      await host.runtime.start(target, forever);
      expect(await drift()).toEqual([]);
      const { handle } = await host.current(target.id);
      await host.runtime.replace(target, forever);
      await host.outsider.pause(target.id);
      expect(await drift()).toEqual([]);
      await host.runtime.stop(target.id, 1_000, forever);
      expect(await drift()).toEqual([]);
      expect((await host.current(target.id)).handle).toBe(handle);
      await host.runtime.remove(target.id, forever);
    });
    await check(property, { numRuns: 40, endOnFailure: true, interruptAfterTimeLimit: 400_000 });
  });

  it("has not drifted after its engine was stopped, and after it was killed", async () => {
    const engine = await PrivateDockerd.start();
    engines.push(engine);
    const host = new DockerHarness({ endpoint: engine.endpoint });
    await ownNetwork(host);
    const targets = sample(specs, 12).map((spec, at) =>
      host.target(`engine-${at}`, inNetworkOf(host, spec)),
    );
    for (const target of targets) await host.run(target);
    const before = await handlesOf(host, targets);

    for (const ends of [() => engine.stop(), () => engine.kill()]) {
      await ends();
      await engine.up();
      for (const target of targets) {
        expect((await host.current(target.id)).drift, JSON.stringify(target.spec)).toEqual([]);
        await host.runtime.start(target, forever);
        expect(await host.current(target.id)).toMatchObject({ state: "running", drift: [] });
      }
      expect(await handlesOf(host, targets)).toEqual(before);
    }
  });
});

async function handlesOf(
  host: DockerHarness,
  targets: readonly Target[],
): Promise<readonly string[]> {
  return Promise.all(targets.map(async ({ id }) => (await host.current(id)).handle));
}

/** A network named after the harness's node. */
async function ownNetwork(host: DockerHarness): Promise<void> {
  await host.docker.createNetwork({
    Name: host.nodeId,
    Labels: { "persys.node_id": host.nodeId },
  });
}

function inNetworkOf(host: DockerHarness, spec: Json): Json {
  if (typeof spec !== "object" || spec === null || !("network" in spec)) return spec;
  return spec["network"] === "own" ? { ...spec, network: host.nodeId } : spec;
}
