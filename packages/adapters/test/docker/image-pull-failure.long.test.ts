import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { AgentError } from "@persys/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithDocker, dockerHost } from "../../../../test/docker/docker-host.ts";
import { DockerClient } from "../../src/docker/docker-client.ts";
import { ImagePuller } from "../../src/docker/image-pull.ts";
import { forever } from "../support/runtime-calls.ts";
import { PullStage, silent } from "./image-pull-stage.ts";
import { publishRandomImage } from "./registry-images.ts";

const megabyte = 1_000_000;

async function errorOf(call: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await call.then(
    () => "it did not fail",
    (failure: unknown) => failure,
  );
  if (!AgentError.is(error)) throw new Error(`no AgentError: ${inspect(error)}`);
  return error;
}

describeWithDocker("a pull that fails", () => {
  let stage: PullStage;

  beforeEach(async () => {
    stage = await PullStage.open();
  });

  afterEach(async () => {
    await stage.close();
  });

  it("says that an image does not exist, until it does", async () => {
    const name = `persys-test/${randomUUID()}:1`;
    const reference = stage.proxy.here(`registry/${name}`);

    const error = await errorOf(stage.pull(reference));

    expect(error).toMatchObject({
      code: "IMAGE_NOT_FOUND",
      retryable: true,
      details: { reference, registry: stage.proxy.address },
    });
    expect(error.message).toContain(stage.proxy.address);
    await publishRandomImage(stage.docker, { as: name });
    await stage.pull(reference);
  });

  it("says that credentials are missing, until there are some", async () => {
    const { guardedRegistry: registry, credentials } = dockerHost();
    const reference = await publishRandomImage(stage.docker, { guarded: true });

    const error = await errorOf(stage.pull(reference));

    expect(error).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      retryable: true,
      details: { reference, registry },
    });
    expect(error.message).toContain("has none for it");
    expect(error.message).toContain("PERSYS_DOCKER_CONFIG");
    expect(error.message).toContain("registryAuth");
    await stage.pull(reference, { ...credentials, serveraddress: registry });
  });

  it("says that credentials are missing where a registry gives tokens", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    stage.proxy.fault = { kind: "wants tokens" };

    const error = await errorOf(stage.pull(reference));

    expect(stage.proxy.requests.some((one) => one.startsWith("GET /token"))).toBe(true);
    expect(error).toMatchObject({ code: "REGISTRY_UNAUTHORIZED", retryable: true });
    expect(error.message).toContain("has none for it");
    stage.proxy.fault = undefined;
    await stage.pull(reference);
  });

  it("says that credentials are refused, and never which", async () => {
    const { guardedRegistry: registry, credentials } = dockerHost();
    const reference = await publishRandomImage(stage.docker, { guarded: true });
    const password = `wrong-${randomUUID()}`;
    const said: string[] = [];

    const error = await errorOf(
      stage
        .puller()
        .pull(
          { reference, credentials: { ...credentials, password, serveraddress: registry } },
          forever,
          (sentence) => said.push(sentence),
        ),
    );

    expect(error).toMatchObject({ code: "REGISTRY_UNAUTHORIZED", retryable: true });
    expect(error.message).toContain("refuses the credentials");
    expect(inspect([error, said], { depth: 10, showHidden: true })).not.toContain(password);
  });

  it("says that a registry refuses connections, until it takes them", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    await stage.proxy.close();

    const error = await errorOf(stage.pull(reference));

    expect(error).toMatchObject({
      code: "NETWORK_ERROR",
      retryable: true,
      details: { reference, registry: stage.proxy.address },
    });
    expect(error.message).toContain("ECONNREFUSED");
    await stage.proxy.open();
    await stage.pull(reference);
  });

  it("says that a registry has no address", async () => {
    const error = await errorOf(stage.pull("registry.invalid/persys-test/busybox:1"));

    expect(error).toMatchObject({ code: "NETWORK_ERROR", retryable: true });
    expect(error.message).toContain("registry.invalid");
  });

  it("says that a registry hangs up, until it listens", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    stage.proxy.fault = { kind: "hangs up" };

    expect(await errorOf(stage.pull(reference))).toMatchObject({ code: "NETWORK_ERROR" });

    stage.proxy.fault = undefined;
    await stage.pull(reference);
  });

  it("says that a registry says nothing, until it does", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    stage.proxy.fault = { kind: "silent" };

    const error = await errorOf(stage.pull(reference, undefined, stage.puller(1_000)));

    expect(error).toMatchObject({ code: "NETWORK_ERROR", retryable: true });
    expect(error.message).toContain("no answer");
    stage.proxy.fault = undefined;
    await stage.pull(reference);
  });

  it("calls off a pull that stands still, and goes on later", async () => {
    const reference = stage.proxy.here(
      await publishRandomImage(stage.docker, { sizeBytes: 2 * megabyte }),
    );
    stage.proxy.fault = { kind: "stalls layers", afterBytes: megabyte };

    const error = await errorOf(stage.pull(reference, undefined, stage.puller(1_000)));

    expect(error).toMatchObject({
      code: "TIMEOUT",
      retryable: true,
      details: { reference, registry: stage.proxy.address },
    });
    stage.proxy.fault = undefined;
    await stage.pull(reference);
  });

  it("says that a registry limits how often it is asked", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    const body = JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "slow down" }] });
    stage.proxy.fault = { kind: "answers", status: 429, body };

    const error = await errorOf(stage.pull(reference));

    expect(error).toMatchObject({ code: "IMAGE_PULL_FAILED", retryable: true });
    expect(error.message).toContain("limits how often");
    stage.proxy.fault = undefined;
    await stage.pull(reference);
  });

  it("says what a registry answers that is ill", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    stage.proxy.fault = { kind: "answers", status: 503 };

    const error = await errorOf(stage.pull(reference));

    expect(error).toMatchObject({ code: "IMAGE_PULL_FAILED", retryable: true });
    expect(error.message).toContain("503");
    stage.proxy.fault = undefined;
    await stage.pull(reference);
  });

  it("says what is wrong with a layer, until it is right", async () => {
    const reference = stage.proxy.here(
      await publishRandomImage(stage.docker, { sizeBytes: megabyte }),
    );
    stage.proxy.fault = { kind: "corrupts layers" };

    const error = await errorOf(stage.pull(reference));

    expect(error).toMatchObject({
      code: "IMAGE_PULL_FAILED",
      retryable: true,
      details: { reference, registry: stage.proxy.address, pull: "broken" },
    });
    stage.proxy.fault = undefined;
    await stage.pull(reference);
  });

  it("says that the engine is not there", async () => {
    const away = new DockerClient({ url: "unix:///tmp/persys-test-no-engine.sock" });
    const lost = new ImagePuller({ client: away, isLocal: true, idleTimeoutMs: 60_000 });
    const request = { reference: "busybox:1", credentials: undefined };

    expect(await errorOf(lost.pull(request, forever, silent))).toMatchObject({
      code: "RUNTIME_UNAVAILABLE",
      retryable: true,
    });
  });
});
