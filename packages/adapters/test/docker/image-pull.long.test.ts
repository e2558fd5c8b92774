import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithDocker, dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { DockerClient } from "../../src/docker/docker-client.ts";
import { ImagePuller } from "../../src/docker/image-pull.ts";
import { forever } from "../support/runtime-calls.ts";
import { publishRandomImage } from "./registry-images.ts";
import { RegistryProxy } from "../../../../test/docker/registry-proxy.ts";

const megabyte = 1_000_000;

// The engine gives up on a layer only after some attempts, ever later, and on a silent registry after 25 s.
describeWithDocker("ImagePuller until the engine gives up", () => {
  let proxy: RegistryProxy;
  let reference: string;
  const docker = (): ReturnType<typeof dockerAt> => dockerAt(dockerHost().endpoint);
  const pull = async (): Promise<void> => {
    const client = new DockerClient({ url: dockerHost().endpoint });
    const puller = new ImagePuller({ client, isLocal: true, idleTimeoutMs: 120_000 });
    await puller.pull({ reference, credentials: undefined }, forever, () => undefined);
  };

  beforeEach(async () => {
    proxy = await RegistryProxy.before(dockerHost().registry);
    reference = proxy.here(await publishRandomImage(docker(), { sizeBytes: 10 * megabyte }));
  });

  afterEach(async () => {
    await docker().getImage(reference).remove();
    await proxy.close();
  });

  it("says that a registry breaks off within a layer, until it does not", async () => {
    proxy.fault = { kind: "breaks layers", afterBytes: megabyte };

    await expect(pull()).rejects.toMatchObject({
      code: "IMAGE_PULL_FAILED",
      retryable: true,
      details: { reference, registry: proxy.address },
    });

    proxy.fault = undefined;
    await pull();
  });

  it("says that a registry says nothing, until it does", async () => {
    proxy.fault = { kind: "silent" };

    await expect(pull()).rejects.toMatchObject({
      code: "NETWORK_ERROR",
      retryable: true,
      details: { reference, registry: proxy.address },
    });

    proxy.fault = undefined;
    await pull();
  });
});
