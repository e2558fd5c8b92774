import type { Instance, Observation, WorkloadId } from "@persys/core";
import { expect } from "vitest";
import { forever } from "../support/runtime-calls.ts";
import { type Scenario, type Scene, sceneOf } from "./crash-scenarios.ts";
import { DockerHarness } from "./docker-harness.ts";
import { DyingClient, type Fate } from "./dying-client.ts";

/** More changes than this no operation makes. */
const changesMax = 30;

/**
 * Cuts one operation short at each of its changes of the engine, one run a change, each on a workload of its own, and looks that what is left
 * is observed as it is, and that the same operation made again ends as if nothing had happened. Resolves with the changes it makes.
 */
export async function cutAtEachChange(scenario: Scenario, fate: Fate): Promise<readonly string[]> {
  const host = new DockerHarness();
  const client = await DyingClient.open();
  try {
    const whole = sceneOf(host, "whole");
    await scenario.begin(whole);
    const begun = await volumesOf(whole);
    client.cut(undefined, fate);
    await scenario.operate(host.another({ endpoint: client.endpoint }), whole);
    const changes = client.changes;
    expect(changes.length).toBeLessThan(changesMax);
    const wanted = await endOf(whole, begun);

    for (const [at, change] of changes.entries()) {
      const scene = sceneOf(host, `cut-${at}`);
      await scenario.begin(scene);
      const had = await volumesOf(scene);
      client.cut(at, fate);
      const cut = await failureOf(
        scenario.operate(host.another({ endpoint: client.endpoint }), scene),
      );
      const context = `${scenario.title}: ${fate} at ${at}, ${change} (${String(cut)})`;
      await expectTruth(scene, context);

      await scenario.operate(host.another(), scene);

      expect(await endOf(scene, had), context).toEqual(wanted);
      expect((await live(scene)).length, context).toBeLessThanOrEqual(1);
    }
    await removesAll(host, [whole, ...changes.map((_, at) => sceneOf(host, `cut-${at}`))]);
    return changes;
  } finally {
    await client.close();
    await host.close();
  }
}

async function removesAll(host: DockerHarness, scenes: readonly Scene[]): Promise<void> {
  await Promise.all(scenes.map((it) => host.runtime.remove(it.revision("r1").id, forever)));
  expect(await host.census()).toEqual([]);
}

async function failureOf(outcome: Promise<void>): Promise<unknown> {
  try {
    await outcome;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** That what a runtime without a past observes is what the engine has. */
async function expectTruth(scene: Scene, context: string): Promise<void> {
  const { host, id } = ofScene(scene);
  const seen = await host.another().observe(id, forever);
  const there = await host.outsider.containers(id);
  const instances = instancesOf(seen);
  expect(instances.map((it) => it.handle).toSorted(), context).toEqual(
    there.map((it) => it.Id).toSorted(),
  );
  for (const instance of instances) {
    const state = there.find((it) => it.Id === instance.handle)?.State;
    const goes = instance.kept ? "exited" : "stopping";
    expect(instance.state, context).toBe(state === "removing" ? goes : state);
  }
  expect(seen.kind, context).toBe(there.length === 0 ? "absent" : "present");
  expect(instances.filter((it) => !it.kept).length, context).toBeLessThanOrEqual(1);
}

async function live(scene: Scene): Promise<readonly string[]> {
  const { host, id } = ofScene(scene);
  const there = await host.outsider.containers(id);
  return there.filter((it) => it.State === "running").map((it) => it.Id);
}

/** Where a workload has come to, without what differs from one workload to the next. */
async function endOf(scene: Scene, volumesBefore: readonly string[]): Promise<unknown> {
  const { host, id } = ofScene(scene);
  const instances = instancesOf(await host.another().observe(id, forever));
  const containers = await Promise.all(
    instances.map(async ({ handle, kept, revisionId, uid, drift, state }) => {
      const report = await host.docker.getContainer(handle).inspect();
      return {
        kept,
        revisionId,
        uid,
        state,
        drift,
        name: report.Name.replace(id, "<id>"),
        restart: report.HostConfig.RestartPolicy,
        limits: [
          report.HostConfig.Memory,
          report.HostConfig.CpuShares,
          report.HostConfig.CpusetCpus,
        ],
        volumes: report.Mounts.map((it) => [it.Destination, volumesBefore.includes(it.Name ?? "")]),
      };
    }),
  );
  const pins = await host.outsider.pins([id]);
  const volumes = await volumesOf(scene);
  return { containers, pins: pins.map((it) => it.split(":").at(-1)), volumes: volumes.length };
}

async function volumesOf(scene: Scene): Promise<readonly string[]> {
  const { host, id } = ofScene(scene);
  const filters = JSON.stringify({
    label: [`persys.node_id=${host.nodeId}`, `persys.workload_id=${id}`],
  });
  const { Volumes } = await host.docker.listVolumes({ filters });
  return (Volumes ?? []).map((it) => it.Name);
}

function ofScene({ host, revision }: Scene): {
  readonly host: DockerHarness;
  readonly id: WorkloadId;
} {
  return { host, id: revision("r1").id };
}

function instancesOf(seen: Observation): readonly Instance[] {
  if (seen.kind === "unreadable") throw new Error(seen.failure.message);
  return seen.kind === "present" ? seen.instances : [];
}
