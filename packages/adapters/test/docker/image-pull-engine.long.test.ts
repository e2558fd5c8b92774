import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { AgentError } from "@persys/core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { describeWithDocker, dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { PrivateDockerd } from "../../../../test/docker/private-dockerd.ts";
import { DockerClient } from "../../src/docker/docker-client.ts";
import { ImagePuller } from "../../src/docker/image-pull.ts";
import { eventually, forever } from "../support/runtime-calls.ts";
import { publishRandomImage } from "./registry-images.ts";
import { RegistryProxy } from "../../../../test/docker/registry-proxy.ts";

const megabyte = 1_000_000;
const run = promisify(execFile);

describeWithDocker("ImagePuller with an engine of its own", () => {
  let engine: PrivateDockerd;
  let proxy: RegistryProxy;
  let puller: ImagePuller;

  const published = async (sizeBytes: number): Promise<string> =>
    proxy.here(await publishRandomImage(dockerAt(dockerHost().endpoint), { sizeBytes }));
  const pull = async (reference: string, by = puller): Promise<readonly string[]> => {
    const said: string[] = [];
    await by.pull({ reference, credentials: undefined }, forever, (sentence) =>
      said.push(sentence),
    );
    return said;
  };
  const pullerOf = (idleTimeoutMs: number): ImagePuller =>
    new ImagePuller({
      client: new DockerClient({ url: engine.endpoint }),
      isLocal: true,
      idleTimeoutMs,
    });

  beforeAll(async () => {
    engine = await PrivateDockerd.start();
    puller = pullerOf(60_000);
  });

  afterAll(async () => {
    await engine.dispose();
  });

  beforeEach(async () => {
    proxy = await RegistryProxy.before(dockerHost().registry);
  });

  afterEach(async () => {
    await proxy.close();
  });

  it("says that the engine went away in the middle, and pulls once it is back", async () => {
    const reference = await published(2 * megabyte);
    proxy.fault = { kind: "trickles layers" };
    const pulling = pull(reference);
    await eventually(() => proxy.count("blobs") >= 2);

    await engine.kill();

    await expect(pulling).rejects.toMatchObject({ code: "RUNTIME_UNAVAILABLE", retryable: true });
    await engine.up();
    proxy.fault = undefined;
    await pull(reference);
  });

  it("says that the engine answers no more, and pulls once it does", async () => {
    const reference = await published(2 * megabyte);
    proxy.fault = { kind: "trickles layers" };
    const pulling = pull(reference, pullerOf(1_000));
    await eventually(() => proxy.count("blobs") >= 2);

    await engine.freeze();

    await expect(pulling).rejects.toMatchObject({ code: "RUNTIME_UNAVAILABLE", retryable: true });
    engine.thaw();
    proxy.fault = undefined;
    await pull(reference);
  });

  it("gets over a registry that breaks off once within a layer", async () => {
    const reference = await published(2 * megabyte);
    proxy.fault = { kind: "breaks layers", afterBytes: megabyte };
    const pulling = pull(reference);
    await eventually(() => proxy.count("blobs") >= 2);
    await eventually(() => proxy.connections === 0);

    proxy.fault = undefined;

    expect(await pulling).toContain(`pulling ${reference}: 1 of 1 layer, 2.0 of 2.0 MB`);
  });

  it("says that a registry went away within a layer, until it is back", async () => {
    const reference = await published(2 * megabyte);
    proxy.fault = { kind: "trickles layers" };
    const pulling = pull(reference);
    await eventually(() => proxy.count("blobs") >= 2);

    await proxy.close();

    await expect(pulling).rejects.toMatchObject({ code: "NETWORK_ERROR", retryable: true });
    proxy.fault = undefined;
    await proxy.open();
    await pull(reference);
  });

  it.each([
    ["the layers to be fetched", 8, 12],
    ["the layers unpacked", 16, 12],
  ])("says that the disk has no room for %s, until it has", async (_what, roomMb, layerMb) => {
    const reference = await published(layerMb * megabyte);
    const data = join(engine.root, "data");
    await engine.stop();
    await run("mount", ["-t", "tmpfs", "-o", `size=${roomMb * megabyte}`, "tmpfs", data]);
    await engine.up();

    const error: unknown = await pull(reference).catch((failure: unknown) => failure);

    expect(error).toMatchObject({ code: "STORAGE_ERROR", retryable: true, details: { reference } });
    expect(AgentError.is(error) && error.message).toContain(data);
    await run("mount", ["-o", `remount,size=${100 * megabyte}`, data]);
    await pull(reference);
    await engine.stop();
    await run("umount", ["-l", data]);
    await engine.up();
  });
});
