import { randomUUID } from "node:crypto";
import { specDigest, type Target } from "@persys/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithDocker, dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { deriveImage, testImages } from "../../../../test/docker/test-images.ts";
import { DockerClient } from "../../src/docker/docker-client.ts";
import { ImagePins, pinsRepository } from "../../src/docker/image-pins.ts";
import { forever, idOf } from "../support/runtime-calls.ts";

/** Of all images made here. */
const testLabel = "persys-test.pins";

type Revision = Pick<Target, "id" | "specDigest">;

describeWithDocker("ImagePins", () => {
  let docker: ReturnType<typeof dockerAt>;
  let client: DockerClient;
  let nodeId: string;
  let pins: ImagePins;
  const disposals: (() => Promise<unknown>)[] = [];

  /** A revision of a workload that only this test has. */
  const revision = (id: string, content = 1): Revision => ({
    id: idOf(`${id}-${nodeId}`),
    specDigest: specDigest({ content }),
  });
  /** An image with no name that only this test has. */
  const image = async (tag?: string): Promise<string> => {
    const id = await deriveImage(docker, testImages.busybox, {
      dockerfile: [`LABEL ${testLabel}=${randomUUID()}`],
      ...(tag === undefined ? {} : { tag }),
    });
    disposals.push(async () => {
      if ((await client.image(id, forever)) !== undefined)
        await docker.getImage(id).remove({ force: true });
    });
    return id;
  };
  const pinned = async (of: Revision): Promise<string | undefined> =>
    (await pins.resolve(of, forever))?.Id;

  beforeEach(() => {
    const { endpoint } = dockerHost();
    docker = dockerAt(endpoint);
    client = new DockerClient({ url: endpoint });
    nodeId = randomUUID();
    pins = new ImagePins(client, nodeId);
  });

  afterEach(async () => {
    for (const dispose of disposals.splice(0).toReversed()) await dispose();
  });

  it("has none to begin with", async () => {
    expect(await pinned(revision("web"))).toBeUndefined();
  });

  it("gives the image that was pinned, for the revision alone", async () => {
    const [one, other] = [await image(), await image()];
    await pins.pin(revision("web"), one, forever);
    await pins.pin(revision("web", 2), other, forever);

    expect(await pinned(revision("web"))).toBe(one);
    expect(await pinned(revision("web", 2))).toBe(other);
    expect(await pinned(revision("other"))).toBeUndefined();
    expect(
      await new ImagePins(client, "another node").resolve(revision("web"), forever),
    ).toBeUndefined();
  });

  it("pins again without harm, and the last one counts", async () => {
    const [one, other] = [await image(), await image()];
    await pins.pin(revision("web"), one, forever);
    await pins.pin(revision("web"), one, forever);
    expect(await pinned(revision("web"))).toBe(one);

    await pins.pin(revision("web"), other, forever);

    expect(await pinned(revision("web"))).toBe(other);
  });

  it("pins for any id there can be", async () => {
    const one = await image();
    const id = idOf(`A.b_c-${nodeId}-${"x".repeat(60)}`);

    await pins.pin({ id, specDigest: specDigest({}) }, one, forever);

    expect(await pinned({ id, specDigest: specDigest({}) })).toBe(one);
  });

  it("keeps the image when its other names move", async () => {
    const tag = `persys-test/${randomUUID()}:1`;
    const one = await image(tag);
    await pins.pin(revision("web"), one, forever);

    await image(tag);
    // As `docker image prune`, for the images of this test alone.
    await docker.pruneImages({ filters: { label: [testLabel] } });

    expect(await pinned(revision("web"))).toBe(one);
  });

  it("lets go of all revisions but those to keep", async () => {
    const [one, other] = [await image(), await image()];
    await pins.pin(revision("web"), one, forever);
    await pins.pin(revision("web", 2), other, forever);
    await pins.pin(revision("other"), one, forever);

    await pins.retire(revision("web").id, [revision("web", 2).specDigest], forever);

    expect(await pinned(revision("web"))).toBeUndefined();
    expect(await pinned(revision("web", 2))).toBe(other);
    expect(await pinned(revision("other"))).toBe(one);
  });

  it("takes the image along when its last pin goes, and nothing else has a name for it", async () => {
    const one = await image();
    await pins.pin(revision("web"), one, forever);
    await pins.pin(revision("other"), one, forever);

    await pins.remove(revision("web").id, forever);
    expect(await client.image(one, forever)).toBeDefined();
    await pins.remove(revision("other").id, forever);
    expect(await client.image(one, forever)).toBeUndefined();
  });

  it("leaves an image alone that has another name", async () => {
    const tag = `persys-test/${randomUUID()}:1`;
    const one = await image(tag);
    await pins.pin(revision("web"), one, forever);

    await pins.remove(revision("web").id, forever);
    await pins.remove(revision("web").id, forever);

    expect((await client.image(tag, forever))?.Id).toBe(one);
    expect((await client.image(tag, forever))?.RepoTags).toEqual([tag]);
  });

  it("removes no tag of another's, however alike", async () => {
    const one = await image();
    await pins.pin(revision("web"), one, forever);
    const own = (await client.image(one, forever))?.RepoTags[0] ?? "";
    const [repository = "", tag = ""] = own.split(":");
    const alike = [`${repository}0`, `${repository}/more`, `x/${repository}`, pinsRepository];
    for (const repo of alike) await docker.getImage(one).tag({ repo, tag });

    await pins.remove(revision("web").id, forever);

    expect((await client.image(one, forever))?.RepoTags.toSorted()).toEqual(
      alike.map((repo) => `${repo}:${tag}`).toSorted(),
    );
  });

  it("waits for the container of another that needs an image without another name", async () => {
    const one = await image();
    await pins.pin(revision("web"), one, forever);
    const stranger = await docker.createContainer({ Image: one, Cmd: ["true"] });
    disposals.push(async () => stranger.remove({ force: true }).catch(() => undefined));

    await pins.retire(revision("web").id, [], forever);
    expect(await pinned(revision("web"))).toBe(one);
    await expect(pins.remove(revision("web").id, forever)).rejects.toMatchObject({
      code: "RUNTIME_ERROR",
      retryable: true,
    });
    expect((await stranger.inspect()).Image).toBe(one);

    await stranger.remove();
    await pins.remove(revision("web").id, forever);
    expect(await client.image(one, forever)).toBeUndefined();
  });
});
