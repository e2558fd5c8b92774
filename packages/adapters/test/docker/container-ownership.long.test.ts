import { randomUUID } from "node:crypto";
import {
  array,
  assert as check,
  asyncProperty,
  constantFrom,
  integer,
  record,
  shuffledSubarray,
} from "fast-check";
import { AgentError, keptInstance, type Target } from "@persys/core";
import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { afterAll, afterEach, expect, it } from "vitest";
import { unlessMissing } from "../../../../test/docker/docker-answers.ts";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { forever } from "../support/runtime-calls.ts";
import { DockerHarness } from "./docker-harness.ts";

type Labels = Readonly<Record<string, string>>;
const operations = ["prepare", "start", "replace", "retire", "restore", "stop", "remove"] as const;
type Operation = (typeof operations)[number];

describeWithDocker("containers that are not the node's", () => {
  let strangers: Strangers | undefined;
  afterEach(async () => strangers?.close());

  it("are never seen nor touched, whatever is done to workloads of the same ids", async () => {
    const steps = array(
      record({
        operation: constantFrom<Operation>(...operations),
        name: constantFrom("a", "b"),
        revision: integer({ min: 1, max: 2 }),
      }),
      { minLength: 4, maxLength: 12 },
    );
    strangers = await Strangers.make();
    const { host } = strangers;
    const looked = strangers;
    const property = asyncProperty(
      steps,
      shuffledSubarray([...operations]),
      async (sequence, last) => {
        const before = await looked.inspectAll();
        for (const { operation, name, revision } of sequence)
          await unlessTaken(perform(host, operation, host.target(name, spec(revision))));
        for (const operation of last)
          await unlessTaken(perform(host, operation, host.target("a", spec(1))));
        for (const name of ["a", "b"]) await host.runtime.remove(host.id(name), forever);
        expect(await looked.inspectAll()).toEqual(before);
        // Others have containers of older agents on this engine, which every node sees.
        const listed = [...(await host.runtime.list(forever)).keys()];
        expect(listed.filter((id) => id.endsWith(host.id("a").slice(1)))).toEqual([]);
      },
    );
    await check(property, { numRuns: 4, endOnFailure: true });
  }, 120_000);
});

describeWithDocker("a container of an older agent", () => {
  const host = new DockerHarness();
  const older: string[] = [];
  afterAll(async () => {
    await host.close();
    for (const id of older)
      await unlessMissing(host.docker.getContainer(id).remove({ force: true, v: true }));
  });

  async function olderOf(
    target: Target,
    more: ContainerCreateOptions = {},
  ): Promise<Docker.Container> {
    const container = await host.docker.createContainer({
      name: target.id,
      Image: testImages.volume,
      Labels: {
        "persys.managed": "true",
        "persys.workload_id": target.id,
        "persys.revision_id": "old",
      },
      ...more,
    });
    older.push(container.id);
    await container.start();
    return container;
  }

  it("is adopted: kept while the next one proves itself, and its data goes on", async () => {
    const target = host.target("adopted", { image: testImages.volume });
    const old = await olderOf(target);
    const { Mounts } = await old.inspect();

    expect([...(await host.runtime.list(forever)).keys()]).toContain(target.id);
    const seen = await host.current(target.id);
    expect(seen).toMatchObject({ handle: old.id, uid: "", revisionId: "old", drift: [] });
    await host.prepare(target);
    expect(await host.current(target.id)).toEqual(seen);
    await host.runtime.replace(target, forever);

    const [current, kept] = [
      await host.current(target.id),
      keptInstance(await host.observe(target.id)),
    ];
    expect(current).toMatchObject({ uid: target.uid, state: "running", drift: [] });
    expect(kept).toMatchObject({ handle: old.id, state: "exited" });
    expect((await host.outsider.inspect(target.id)).Mounts.map((one) => one.Name)).toEqual(
      Mounts.map((one) => one.Name),
    );
    await host.runtime.retire(target.id, [target.specDigest], forever);
    expect(keptInstance(await host.observe(target.id))).toBeUndefined();
    await expect(old.inspect()).rejects.toMatchObject({ statusCode: 404 });
    await host.runtime.remove(target.id, forever);
    for (const { Name } of Mounts)
      await expect(host.docker.getVolume(String(Name)).inspect()).rejects.toThrow();
  });

  it("is restored when the next one does not prove itself", async () => {
    const target = host.target("restored", { image: testImages.volume });
    const old = await olderOf(target);
    await host.prepare(target);
    await host.runtime.replace(target, forever);

    await host.runtime.restore(target.id, forever);

    expect(await host.current(target.id)).toMatchObject({ handle: old.id, state: "running" });
    expect((await old.inspect()).Name).toBe(`/${target.id}`);
    await host.runtime.stop(target.id, 1_000, forever);
    await host.runtime.remove(target.id, forever);
    await expect(old.inspect()).rejects.toMatchObject({ statusCode: 404 });
    expect(await host.observe(target.id)).toEqual({ kind: "absent" });
  });
});

function spec(revision: number): { readonly [key: string]: string | { readonly R: string } } {
  return { image: testImages.volume, env: { R: String(revision) } };
}

/** A stranger has the name that one of the workloads needs to set a container aside: that is refused. */
async function unlessTaken(operation: Promise<void>): Promise<void> {
  try {
    await operation;
  } catch (error) {
    if (!AgentError.hasCode(error, "NAME_CONFLICT")) throw error;
  }
}

/** What is started is prepared before. */
async function perform(host: DockerHarness, operation: Operation, target: Target): Promise<void> {
  const { runtime } = host;
  switch (operation) {
    case "prepare":
      await host.prepare(target);
      break;
    case "start":
    case "replace":
      await host.prepare(target);
      await runtime[operation](target, forever);
      break;
    case "retire":
      await runtime.retire(target.id, [target.specDigest], forever);
      break;
    case "stop":
      await runtime.stop(target.id, 1_000, forever);
      break;
    case "restore":
    case "remove":
      await runtime[operation](target.id, forever);
      break;
  }
}

/** Containers, volumes and images that look like those of a harness, and are not. */
class Strangers {
  readonly host: DockerHarness;
  readonly #containers: string[] = [];
  readonly #volumes: string[] = [];
  readonly #tags: string[] = [];

  private constructor(host: DockerHarness) {
    this.host = host;
  }

  static async make(): Promise<Strangers> {
    const strangers = new Strangers(new DockerHarness());
    try {
      await strangers.#addAll();
      return strangers;
    } catch (error) {
      await strangers.close();
      throw error;
    }
  }

  async #addAll(): Promise<void> {
    const { host } = this;
    const a = host.id("a");
    const all: Labels = {
      "persys.managed": "true",
      "persys.workload_id": a,
      "persys.revision_id": "r1",
      "persys.node_id": host.nodeId,
      "persys.uid": "uid-1",
      "persys.spec_digest": "v1:00",
      "persys.sequence": "99",
      "persys.instance": "0123456789abcdef",
      "persys.configuration": "",
    };
    const without = (...keys: readonly string[]): Labels =>
      Object.fromEntries(Object.entries(all).filter(([key]) => !keys.includes(key.slice(7))));
    const lookAlikes: readonly Labels[] = [
      {},
      { ...all, "persys.node_id": `${host.nodeId}-other` },
      { ...all, "persys.managed": "false" },
      { ...all, "persys.managed": "TRUE" },
      { ...all, "persys.workload_id": "../../etc" },
      { ...all, "persys.sequence": "many" },
      without("managed"),
      without("workload_id"),
      without("revision_id"),
      without("uid"),
      without("instance"),
      // An older agent's, but for its name.
      without("node_id", "uid", "spec_digest", "sequence", "instance", "configuration"),
      // A project of Compose, made by an older agent.
      {
        "persys.managed": "true",
        "persys.workload_id": a,
        "com.docker.compose.project": a,
        "com.docker.compose.service": "web",
      },
      Object.fromEntries(Object.entries(all).map(([key, value]) => [key.toUpperCase(), value])),
    ];
    for (const labels of lookAlikes) await this.#run(labels);
    await this.#run({}, { name: `persys.kept.${a}` }, false);
    await this.#run({}, { name: `${a}-2` });
    await this.#fromOurImage(a);
    await this.#addVolumes(a);
  }

  /** All the engine knows of them. */
  async inspectAll(): Promise<readonly unknown[]> {
    const { docker } = this.host;
    return Promise.all([
      ...this.#containers.map((one) => docker.getContainer(one).inspect()),
      ...this.#volumes.map((one) => docker.getVolume(one).inspect()),
      ...this.#tags.map(async (one) => (await docker.getImage(one).inspect()).Id),
    ]);
  }

  async close(): Promise<void> {
    const { docker } = this.host;
    await this.host.close();
    for (const id of this.#containers)
      await unlessMissing(docker.getContainer(id).remove({ force: true, v: true }));
    for (const name of this.#volumes) await unlessMissing(docker.getVolume(name).remove());
    for (const tag of this.#tags) await docker.getImage(tag).remove({ force: true });
  }

  async #run(labels: Labels, more: ContainerCreateOptions = {}, starts = true): Promise<void> {
    const container = await this.host.docker.createContainer({
      name: `stranger-${randomUUID()}`,
      Image: testImages.volume,
      Labels: { ...labels },
      ...more,
    });
    this.#containers.push(container.id);
    if (starts) await container.start();
  }

  /** Somebody has made images of two containers of ours, and runs them. */
  async #fromOurImage(id: string): Promise<void> {
    const { host } = this;
    const target = host.target("a", spec(1));
    await host.run(target);
    const ours = await host.outsider.container(id);
    const tag = `persys-test/stolen-${randomUUID()}`;
    await ours.commit({ repo: tag, tag: "1" });
    this.#tags.push(`${tag}:1`);
    await this.#run({}, { Image: `${tag}:1`, name: `stolen-${randomUUID()}` });
    await host.runtime.remove(target.id, forever);
  }

  async #addVolumes(id: string): Promise<void> {
    const { docker, nodeId } = this.host;
    const labels = [
      { "persys.managed": "true", "persys.workload_id": id, "persys.node_id": `${nodeId}-other` },
      { "persys.managed": "true", "persys.workload_id": id },
      { "persys.workload_id": id, "persys.node_id": nodeId },
    ];
    for (const Labels of labels) {
      const Name = `stranger-${randomUUID()}`;
      await docker.createVolume({ Name, Labels });
      this.#volumes.push(Name);
    }
    const tag = `persys.local/pinned/${"0".repeat(32)}`;
    await docker.getImage(testImages.busybox).tag({ repo: tag, tag: randomUUID() });
    const image = await docker.getImage(testImages.busybox).inspect();
    this.#tags.push(...image.RepoTags.filter((one) => one.startsWith(tag)));
  }
}
