import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { specDigest } from "@persys/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeWithDocker, dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { deriveImage, testImages } from "../../../../test/docker/test-images.ts";
import { DockerClient } from "../../src/docker/docker-client.ts";
import type { ImageReport } from "../../src/docker/docker-reports.ts";
import { ImagePins } from "../../src/docker/image-pins.ts";
import {
  imageDigest,
  type ImageParts,
  knownImages,
  prepareImage,
  type WantedImage,
} from "../../src/docker/image-prepare.ts";
import { ImagePuller } from "../../src/docker/image-pull.ts";
import { RegistryCredentialFiles } from "../../src/docker/registry-credentials.ts";
import { forever, idOf } from "../support/runtime-calls.ts";
import { publishRandomImage } from "./registry-images.ts";
import { RegistryProxy } from "../../../../test/docker/registry-proxy.ts";

const silent = (): void => undefined;

describeWithDocker("prepareImage", () => {
  let docker: ReturnType<typeof dockerAt>;
  let parts: ImageParts;
  let proxy: RegistryProxy;
  let folder: string;
  let id: ReturnType<typeof idOf>;
  const references = new Set<string>();

  const prepare = async (
    spec: WantedImage["spec"],
    target: WantedImage["target"] = { id, specDigest: specDigest({ ...spec }) },
  ): Promise<ImageReport> => {
    references.add(spec.image);
    const known = await knownImages(parts, { target, spec }, forever);
    return prepareImage(parts, { target, spec, known, progress: silent }, forever);
  };
  /** Publishes other content under a tag that is in use. */
  const move = async (reference: string): Promise<void> => {
    await publishRandomImage(docker, { as: reference.slice(reference.indexOf("/") + 1) });
  };

  beforeEach(async () => {
    const { endpoint, registry } = dockerHost();
    docker = dockerAt(endpoint);
    proxy = await RegistryProxy.before(registry);
    folder = mkdtempSync("/tmp/persys-test-prepare-");
    id = idOf(`prepare-${randomUUID()}`);
    const client = new DockerClient({ url: endpoint });
    parts = {
      client,
      puller: new ImagePuller({ client, isLocal: true, idleTimeoutMs: 60_000 }),
      pins: new ImagePins(client, randomUUID()),
      credentials: new RegistryCredentialFiles({
        dockerConfigFile: undefined,
        registryAuthFolder: folder,
      }),
    };
  });

  afterEach(async () => {
    await proxy.close();
    await parts.pins.remove(id, forever);
    for (const reference of references)
      if ((await parts.client.image(reference, forever)) !== undefined)
        await docker.getImage(reference).remove();
    references.clear();
    rmSync(folder, { recursive: true });
  });

  it("pulls an image that is missing, once, and pins it", async () => {
    const image = proxy.here(await publishRandomImage(docker));

    const prepared = await prepare({ image });
    const again = await prepare({ image });

    expect(again.Id).toBe(prepared.Id);
    expect(proxy.count("manifests")).toBe(1);
    const pinned = await parts.pins.resolve({ id, specDigest: specDigest({ image }) }, forever);
    expect(pinned?.Id).toBe(prepared.Id);
  });

  it("takes the image that the node has, under the policy missing and by default", async () => {
    const image = testImages.busybox;

    for (const spec of [{ image }, { image, pullPolicy: "missing" } as const]) {
      const wish = { target: { id, specDigest: specDigest(spec) }, spec };
      const known = await knownImages(parts, wish, forever);
      const prepared = await prepareImage(parts, { ...wish, known, progress: silent }, forever);
      expect(prepared.RepoTags).toContain(image);
    }
  });

  it("makes a revision of the same image, even when its tag has moved", async () => {
    const image = proxy.here(await publishRandomImage(docker));
    const spec = { image, pullPolicy: "always" } as const;
    const first = await prepare(spec);
    await move(image);

    expect((await prepare(spec)).Id).toBe(first.Id);
  });

  it("asks the registry for each new revision under the policy always, and for none under missing", async () => {
    const image = proxy.here(await publishRandomImage(docker));
    const first = await prepare({ image, pullPolicy: "always" });
    references.add(imageDigest(first, image)); // All that is left of it when its tag has moved.
    await move(image);

    const missing = await prepare({ image }, { id, specDigest: specDigest({ revision: 2 }) });
    const always = await prepare(
      { image, pullPolicy: "always" },
      { id, specDigest: specDigest({ revision: 3 }) },
    );

    expect(missing.Id).toBe(first.Id);
    expect(always.Id).not.toBe(first.Id);
  });

  it("fails under the policy always when the registry is away, though the node has the image", async () => {
    const image = proxy.here(await publishRandomImage(docker));
    await prepare({ image });
    await proxy.close();

    await expect(prepare({ image, pullPolicy: "always" })).rejects.toMatchObject({
      code: "NETWORK_ERROR",
    });
    await proxy.open();
    await prepare({ image, pullPolicy: "always" });
  });

  it("asks no registry under the policy never", async () => {
    const image = proxy.here(await publishRandomImage(docker));
    const spec = { image, pullPolicy: "never" } as const;

    await expect(prepare(spec)).rejects.toMatchObject({
      code: "IMAGE_NOT_FOUND",
      retryable: true,
      details: { reference: image },
      message: expect.stringContaining("pullPolicy never"),
    });

    expect(proxy.requests).toEqual([]);
    await prepare({ image });
    await expect(prepare(spec)).resolves.toMatchObject({
      RepoTags: expect.arrayContaining([image]),
    });
  });

  it("pulls as whom registryAuth names, once the operator has put the file there", async () => {
    const { guardedRegistry, credentials } = dockerHost();
    const image = await publishRandomImage(docker, { guarded: true });
    const spec = { image, registryAuth: "team" };
    const failure: unknown = await prepare(spec).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "REGISTRY_UNAUTHORIZED", retryable: true });

    const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
    const config = { auths: { [`https://${guardedRegistry}/v2/`]: { auth } } };
    writeFileSync(join(folder, "team.json"), JSON.stringify(config));

    expect((await prepare(spec)).RepoTags).toContain(image);
    expect(inspect(failure, { depth: 10 })).not.toContain(credentials.password);
  });

  it("tells the digest that a tag stood for", async () => {
    const image = proxy.here(await publishRandomImage(docker));

    const digest = imageDigest(await prepare({ image }), image);

    expect(digest).toMatch(new RegExp(`^${image.split(":1")[0]}.*@sha256:[0-9a-f]{64}$`));
    references.add(digest);
    await docker.getImage(image).remove({ force: true });
    expect(imageDigest(await prepare({ image: digest }), digest)).toBe(digest);
  });

  it("tells the id of an image that came from no registry", async () => {
    const tag = `persys-test/${randomUUID()}:1`;
    const own = await deriveImage(docker, testImages.busybox, { tag, dockerfile: ["LABEL x=y"] });

    const prepared = await prepare({ image: tag });

    expect(imageDigest(prepared, tag)).toBe(own);
  });
});

describe("imageDigest", () => {
  const report = (...digests: readonly string[]): ImageReport => ({
    Id: "sha256:own",
    RepoTags: [],
    RepoDigests: digests,
    Config: { Labels: {}, Volumes: [] },
  });
  const of = (repository: string): string => `${repository}@sha256:${"a".repeat(64)}`;

  it.each([
    ["busybox:1", [of("other"), of("busybox")], of("busybox")],
    ["docker.io/library/busybox", [of("other"), of("busybox")], of("busybox")],
    ["r.example:5000/a/b@sha256:x", [of("r.example:5000/a/b")], of("r.example:5000/a/b")],
    ["elsewhere/app:1", [of("origin/app")], of("origin/app")],
    ["app:1", [], "sha256:own"],
    ["app:1", [of("persys.local/pinned/0123")], "sha256:own"],
    [`sha256:${"a".repeat(64)}`, [of("busybox")], of("busybox")],
    ["a".repeat(64), [], "sha256:own"],
  ] as const)("of %s with %j is %s", (reference, digests, digest) => {
    expect(imageDigest(report(...digests), reference)).toBe(digest);
  });
});
