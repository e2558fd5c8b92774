import type { DockerRuntime } from "@persys/adapters/docker";
import type { Json, Target } from "@persys/core";
import { testImages } from "../../../../test/docker/test-images.ts";
import { forever } from "../support/runtime-calls.ts";
import type { DockerHarness } from "./docker-harness.ts";

/** A workload of one scenario: an id of its own, and the revisions that are made of it. */
export interface Scene {
  readonly host: DockerHarness;
  /** Every revision has an anonymous volume of its image. */
  readonly revision: (name: string, over?: Partial<Target>) => Target;
}

/** What there is before an operation, and the operation. */
export interface Scenario {
  readonly title: string;
  readonly begin: (scene: Scene) => Promise<void>;
  readonly operate: (runtime: DockerRuntime, scene: Scene) => Promise<void>;
}

/** A workload that no other test has. */
export function sceneOf(host: DockerHarness, name: string): Scene {
  const spec = (revision: string): Json => ({
    image: testImages.volume,
    env: { REVISION: revision },
    resources: { memoryBytes: 67_108_864, cpuShares: 512 },
  });
  return {
    host,
    revision: (revision, over) =>
      host.target(name, spec(revision), { revisionId: revision, ...over }),
  };
}

const quiet = (): void => {};

function prepare(runtime: DockerRuntime, target: Target): Promise<void> {
  return runtime.prepare(target, forever, quiet);
}

async function running({ host, revision }: Scene): Promise<void> {
  await host.run(revision("r1"));
}

async function updatePrepared(scene: Scene): Promise<void> {
  await running(scene);
  await prepare(scene.host.runtime, scene.revision("r2"));
}

async function updated(scene: Scene): Promise<void> {
  await updatePrepared(scene);
  await scene.host.runtime.replace(scene.revision("r2"), forever);
}

async function anotherCreation({ host, revision }: Scene): Promise<void> {
  await host.run(revision("r1", { uid: "uid-0" }));
  await prepare(host.runtime, revision("r1"));
}

async function drifted({ host, revision }: Scene): Promise<void> {
  await running({ host, revision });
  const { id } = revision("r1");
  await host.outsider.update(id, { CpuShares: 256, Memory: 100_000_000, MemorySwap: 200_000_000 });
  await host.outsider.rename(id, `renamed-${id}`);
}

async function driftedForGood({ host, revision }: Scene): Promise<void> {
  await running({ host, revision });
  await host.outsider.update(revision("r1").id, { CpusetCpus: "0" });
}

const start =
  (name: string) =>
  (runtime: DockerRuntime, { revision }: Scene) =>
    runtime.start(revision(name), forever);

const replace =
  (name: string) =>
  (runtime: DockerRuntime, { revision }: Scene) =>
    runtime.replace(revision(name), forever);

const restore = (runtime: DockerRuntime, { revision }: Scene): Promise<void> =>
  runtime.restore(revision("r1").id, forever);

const retire =
  (...keeps: readonly string[]) =>
  (runtime: DockerRuntime, { revision }: Scene): Promise<void> =>
    runtime.retire(
      revision("r1").id,
      keeps.map((it) => revision(it).specDigest),
      forever,
    );

const stop = (runtime: DockerRuntime, { revision }: Scene): Promise<void> =>
  runtime.stop(revision("r1").id, 2_000, forever);

const remove = (runtime: DockerRuntime, { revision }: Scene): Promise<void> =>
  runtime.remove(revision("r1").id, forever);

/** Every operation from every beginning in which it has something to do. */
export const scenarios: readonly Scenario[] = [
  {
    title: "prepare of a first revision",
    begin: async () => {},
    operate: (runtime, { revision }) => prepare(runtime, revision("r1")),
  },
  {
    title: "prepare of an update",
    begin: running,
    operate: (runtime, { revision }) => prepare(runtime, revision("r2")),
  },
  {
    title: "start of what is prepared",
    begin: ({ host, revision }) => prepare(host.runtime, revision("r1")),
    operate: start("r1"),
  },
  {
    title: "start of what is gone",
    begin: async (scene) => {
      await running(scene);
      await scene.host.outsider.remove(scene.revision("r1").id);
    },
    operate: start("r1"),
  },
  {
    title: "start of what is paused",
    begin: async (scene) => {
      await running(scene);
      await scene.host.outsider.pause(scene.revision("r1").id);
    },
    operate: start("r1"),
  },
  {
    title: "start of what was prepared as another revision",
    begin: async ({ host, revision }) => {
      await prepare(host.runtime, revision("r1"));
      await prepare(host.runtime, revision("r2"));
    },
    operate: start("r2"),
  },
  { title: "replace of another revision", begin: updatePrepared, operate: replace("r2") },
  {
    title: "replace of another revision that is stopped",
    begin: async (scene) => {
      await updatePrepared(scene);
      await stop(scene.host.runtime, scene);
    },
    operate: replace("r2"),
  },
  {
    title: "replace over a kept one",
    begin: async (scene) => {
      await updated(scene);
      await prepare(scene.host.runtime, scene.revision("r3"));
    },
    operate: replace("r3"),
  },
  {
    title: "replace where only a kept one is",
    begin: async (scene) => {
      await updated(scene);
      await scene.host.outsider.remove(scene.revision("r1").id);
    },
    operate: replace("r2"),
  },
  { title: "replace of another creation", begin: anotherCreation, operate: replace("r1") },
  { title: "replace of what drifted and can be set right", begin: drifted, operate: replace("r1") },
  { title: "replace of what drifted for good", begin: driftedForGood, operate: replace("r1") },
  {
    title: "replace of what drifted for good beside a kept one",
    begin: async (scene) => {
      await updated(scene);
      await scene.host.outsider.update(scene.revision("r1").id, { CpusetCpus: "0" });
    },
    operate: replace("r2"),
  },
  { title: "restore of what is kept", begin: updated, operate: restore },
  {
    title: "restore of what is kept where no other is",
    begin: async (scene) => {
      await updated(scene);
      await scene.host.outsider.remove(scene.revision("r1").id);
    },
    operate: restore,
  },
  { title: "retire of what is kept", begin: updated, operate: retire("r2") },
  {
    title: "stop of one and a kept one that runs",
    begin: async (scene) => {
      await updated(scene);
      const [, kept] = await scene.host.outsider.containers(scene.revision("r1").id);
      if (kept !== undefined) await scene.host.docker.getContainer(kept.Id).start();
    },
    operate: stop,
  },
  { title: "remove of one and a kept one", begin: updated, operate: remove },
  { title: "remove of another creation", begin: anotherCreation, operate: remove },
];
