import { type Json, keptInstance, type Target } from "@persys/core";
import { afterAll, expect, it } from "vitest";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { deriveImage, testImages } from "../../../../test/docker/test-images.ts";
import { forever } from "../support/runtime-calls.ts";
import { DockerHarness } from "./docker-harness.ts";

describeWithDocker("the anonymous volumes of a container", () => {
  const host = new DockerHarness();
  const images: string[] = [];
  afterAll(async () => {
    await host.close();
    for (const image of images) await host.docker.getImage(image).remove();
  });

  const revision = (
    name: string,
    version: number,
    more: Readonly<Record<string, Json>> = {},
  ): Target =>
    host.target(name, { image: testImages.volume, env: { V: String(version) }, ...more });

  async function update(target: Target): Promise<void> {
    await host.prepare(target);
    await host.runtime.replace(target, forever);
  }

  async function mounted(id: Target["id"]): Promise<Readonly<Record<string, string | undefined>>> {
    const { Mounts } = await host.outsider.inspect(id);
    return Object.fromEntries(Mounts.map((one) => [one.Destination, one.Name]));
  }

  async function volumesLeft({ id }: Target): Promise<readonly string[]> {
    const filters = JSON.stringify({
      label: [`persys.node_id=${host.nodeId}`, `persys.workload_id=${id}`],
    });
    return ((await host.docker.listVolumes({ filters })).Volumes ?? []).map((one) => one.Name);
  }

  it.concurrent("begin as the image has them, go on with every update, and go with the workload", async () => {
    const first = revision("update", 1);
    await host.run(first);
    expect(await host.outsider.exec(first.id, ["grep", "-q", "of the image", "/data/seed"])).toBe(
      0,
    );
    expect(await host.outsider.exec(first.id, ["touch", "/data/written"])).toBe(0);
    const before = await mounted(first.id);

    for (const version of [2, 3]) {
      await update(revision("update", version));
      expect(await host.outsider.exec(first.id, ["test", "-e", "/data/written"])).toBe(0);
      expect(await mounted(first.id)).toEqual(before);
      await host.runtime.retire(first.id, [revision("update", version).specDigest], forever);
    }

    expect(await volumesLeft(first)).toEqual([before["/data"]]);
    await host.runtime.remove(first.id, forever);
    expect(await volumesLeft(first)).toEqual([]);
  });

  it.concurrent("come back with what is restored", async () => {
    const first = revision("restore", 1);
    await host.run(first);
    const before = await mounted(first.id);
    await update(revision("restore", 2));
    await host.outsider.exec(first.id, ["touch", "/data/by-the-second"]);

    await host.runtime.restore(first.id, forever);

    expect(await mounted(first.id)).toEqual(before);
    expect(await host.outsider.exec(first.id, ["test", "-e", "/data/by-the-second"])).toBe(0);
  });

  it.concurrent("are found again when somebody has removed the container", async () => {
    const target = revision("removed", 1);
    await host.run(target);
    await host.outsider.exec(target.id, ["touch", "/data/written"]);
    const before = await mounted(target.id);

    for (const operation of ["start", "replace"] as const) {
      await host.outsider.remove(target.id);
      await host.prepare(target);
      await host.runtime[operation](target, forever);

      expect(await mounted(target.id)).toEqual(before);
      expect(await host.outsider.exec(target.id, ["test", "-e", "/data/written"])).toBe(0);
    }
    await host.runtime.retire(target.id, [target.specDigest], forever);
    expect(await mounted(target.id)).toEqual(before);
  });

  it.concurrent("go with the workload also when somebody has removed the container", async () => {
    const target = revision("both-gone", 1);
    await host.run(target);
    await host.outsider.remove(target.id);
    expect(await volumesLeft(target)).toHaveLength(1);

    await host.runtime.remove(target.id, forever);

    expect(await volumesLeft(target)).toEqual([]);
  });

  it.concurrent("that an update has added go when it was taken back", async () => {
    const image = `persys-test/two-volumes-${host.id("image")}:1`;
    images.push(image);
    await deriveImage(host.docker, testImages.volume, { tag: image, dockerfile: ["VOLUME /more"] });
    const first = revision("added", 1);
    await host.run(first);
    const before = await mounted(first.id);
    const second = revision("added", 2, { image });
    await update(second);
    expect(Object.keys(await mounted(first.id)).toSorted()).toEqual(["/data", "/more"]);

    await host.runtime.restore(first.id, forever);
    expect(await mounted(first.id)).toEqual(before);
    await host.runtime.retire(first.id, [first.specDigest], forever);
    expect(await volumesLeft(first)).toEqual([before["/data"]]);

    await update(second);
    await host.runtime.restore(first.id, forever);
    await host.runtime.remove(first.id, forever);
    expect(await volumesLeft(first)).toEqual([]);
  });

  it.concurrent("stay until what was kept is dropped, where an update has none", async () => {
    const first = revision("dropped", 1);
    await host.run(first);
    const before = await mounted(first.id);
    const second = revision("dropped", 2, {
      tmpfs: [{ containerPath: "/data" }],
    });
    await update(second);
    expect(await mounted(first.id)).toEqual({ "/data": undefined });
    expect(keptInstance(await host.observe(first.id))).toBeDefined();
    expect(await volumesLeft(first)).toEqual([before["/data"]]);

    await host.runtime.retire(first.id, [second.specDigest], forever);

    expect(await volumesLeft(first)).toEqual([]);
  });

  it.concurrent("are not those of an earlier creation of the id", async () => {
    const first = revision("anew", 1);
    const second = { ...first, uid: "uid-2" };
    await host.run(first);
    const before = await mounted(first.id);

    await update(second);

    expect((await mounted(first.id))["/data"]).not.toBe(before["/data"]);
    await host.runtime.retire(first.id, [second.specDigest], forever);
    expect(await volumesLeft(first)).toEqual([(await mounted(first.id))["/data"]]);
  });

  it.concurrent("that somebody else uses as well are not taken from him", async () => {
    const target = revision("shared", 1);
    await host.run(target);
    const { "/data": name } = await mounted(target.id);
    const other = await host.docker.createContainer({
      Image: testImages.busybox,
      HostConfig: { Binds: [`${name}:/his`] },
    });
    try {
      const second = revision("shared", 2, { tmpfs: [{ containerPath: "/data" }] });
      await update(second);
      await host.runtime.retire(target.id, [second.specDigest], forever);
      await expect(host.runtime.remove(target.id, forever)).rejects.toMatchObject({
        retryable: true,
        message: expect.stringContaining(String(name)),
      });
      expect(await host.observe(target.id)).toEqual({ kind: "absent" });
    } finally {
      await other.remove();
    }
    await host.runtime.remove(target.id, forever);
    expect(await volumesLeft(target)).toEqual([]);
  });
});
