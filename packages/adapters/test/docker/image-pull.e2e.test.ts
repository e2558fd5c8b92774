import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { AgentError } from "@persys/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithDocker, dockerAt, dockerHost } from "../../../../test/docker/docker-host.ts";
import { registryImages } from "../../../../test/docker/test-images.ts";
import { DockerClient, type RegistryCredentials } from "../../src/docker/docker-client.ts";
import { ImagePuller } from "../../src/docker/image-pull.ts";
import { eventually, forever } from "../support/runtime-calls.ts";
import { publishRandomImage } from "./registry-images.ts";
import { RegistryProxy } from "./registry-proxy.ts";

const megabyte = 1_000_000;
const silent = (): void => undefined;

describeWithDocker("ImagePuller", () => {
  let docker: ReturnType<typeof dockerAt>;
  let client: DockerClient;
  let proxy: RegistryProxy;
  const pulled = new Set<string>();

  const puller = (idleTimeoutMs = 60_000): ImagePuller =>
    new ImagePuller({ client, isLocal: true, idleTimeoutMs });
  /** Pulls, and remembers to remove. */
  const pull = async (
    reference: string,
    credentials?: RegistryCredentials,
    by = puller(),
  ): Promise<void> => {
    pulled.add(reference);
    await by.pull({ reference, credentials }, forever, silent);
  };
  const errorOf = async (call: Promise<unknown>): Promise<AgentError> => {
    const error: unknown = await call.then(
      () => "it did not fail",
      (failure: unknown) => failure,
    );
    if (!AgentError.is(error)) throw new Error(`no AgentError: ${inspect(error)}`);
    return error;
  };
  const isThere = async (reference: string): Promise<boolean> =>
    (await client.image(reference, forever)) !== undefined;

  beforeEach(async () => {
    const { endpoint, registry } = dockerHost();
    docker = dockerAt(endpoint);
    client = new DockerClient({ url: endpoint });
    proxy = await RegistryProxy.before(registry);
  });

  afterEach(async () => {
    await proxy.close();
    for (const reference of pulled)
      if (await isThere(reference)) await docker.getImage(reference).remove();
    pulled.clear();
  });

  it("pulls an image and says how far it is", async () => {
    const reference = proxy.here(await publishRandomImage(docker, { sizeBytes: 3 * megabyte }));
    const said: string[] = [];
    pulled.add(reference);

    await puller().pull({ reference, credentials: undefined }, forever, (sentence) =>
      said.push(sentence),
    );

    expect(await isThere(reference)).toBe(true);
    expect(said[0]).toBe(`pulling ${reference}`);
    expect(said).toContain(`pulling ${reference}: 1 of 1 layer, 3.0 of 3.0 MB`);
  });

  it("pulls `latest` alone where a reference has neither tag nor digest", async () => {
    const name = `persys-test/${randomUUID()}`;
    await publishRandomImage(docker, { as: `${name}:other` });
    await publishRandomImage(docker, { as: `${name}:latest` });
    const here = proxy.here(`registry/${name}`);

    await pull(here);

    expect(await isThere(`${here}:latest`)).toBe(true);
    expect(await isThere(`${here}:other`)).toBe(false);
  });

  it("pulls by digest where a reference has one, with and without a tag", async () => {
    const tagged = proxy.here(await publishRandomImage(docker));
    await pull(tagged);
    const report = await client.image(tagged, forever);
    const digested = report?.RepoDigests[0] ?? "";
    const [name, digest = ""] = digested.split("@");
    await docker.getImage(tagged).remove();

    for (const reference of [digested, `${name}:moved-meanwhile@${digest}`]) {
      await pull(reference);
      expect((await client.image(digested, forever))?.Id).toBe(report?.Id);
      await docker.getImage(digested).remove();
    }
  });

  it("finds an image that is there already up to date", async () => {
    const reference = proxy.here(await publishRandomImage(docker));
    await pull(reference);

    await pull(reference);

    expect(proxy.count("blobs")).toBe(2); // The layer and the configuration, once.
  });

  it("pulls once for all who want the same at the same time, and tells each of them", async () => {
    const reference = proxy.here(await publishRandomImage(docker, { sizeBytes: megabyte }));
    pulled.add(reference);
    const shared = puller();
    const said = new Map<number, string[]>();

    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        shared.pull({ reference, credentials: undefined }, forever, (one) => {
          said.set(n, [...(said.get(n) ?? []), one]);
        }),
      ),
    );

    expect(proxy.requests.filter((one) => one.startsWith("HEAD "))).toHaveLength(1);
    expect(said.size).toBe(20);
    for (const sentences of said.values()) expect(sentences).toEqual(said.get(0));
  });

  it("pulls again for whoever comes after", async () => {
    const reference = proxy.here(await publishRandomImage(docker));
    const shared = puller();

    await pull(reference, undefined, shared);
    await pull(reference, undefined, shared);

    expect(proxy.requests.filter((one) => one.startsWith("HEAD "))).toHaveLength(2);
  });

  it("does not let anybody profit from another's credentials", async () => {
    const { guardedRegistry: serveraddress, credentials } = dockerHost();
    const reference = await publishRandomImage(docker, { guarded: true });
    const shared = puller();
    pulled.add(reference);

    const [mine, other] = await Promise.allSettled([
      pull(reference, { ...credentials, serveraddress }, shared),
      pull(reference, undefined, shared),
    ]);

    expect(mine.status).toBe("fulfilled");
    expect(other).toMatchObject({ reason: { code: "REGISTRY_UNAUTHORIZED" } });
  });

  it("goes on for the others when one leaves", async () => {
    const reference = proxy.here(await publishRandomImage(docker, { sizeBytes: 2 * megabyte }));
    proxy.fault = { kind: "stalls layers", afterBytes: megabyte };
    const shared = puller(1_000);
    const leaver = new AbortController();
    const said: string[] = [];
    const left = shared.pull({ reference, credentials: undefined }, leaver.signal, (one) =>
      said.push(one),
    );
    const stayed = pull(reference, undefined, shared);
    await eventually(() => proxy.count("blobs") >= 2);

    leaver.abort(new Error("left"));

    await expect(left).rejects.toThrow("left");
    const heardBefore = said.length;
    expect(await errorOf(stayed)).toMatchObject({ code: "TIMEOUT" });
    expect(said).toHaveLength(heardBefore);
  });

  it("is called off in the engine when the last one leaves, and can be asked for again", async () => {
    const reference = proxy.here(await publishRandomImage(docker, { sizeBytes: 2 * megabyte }));
    pulled.add(reference);
    proxy.fault = { kind: "trickles layers" };
    const shared = puller();
    const leavers = [new AbortController(), new AbortController()];
    const left = leavers.map(({ signal }) =>
      shared.pull({ reference, credentials: undefined }, signal, silent),
    );
    await eventually(() => proxy.count("blobs") >= 2);

    for (const leaver of leavers) leaver.abort(new Error("left"));
    for (const one of left) await expect(one).rejects.toThrow("left");

    await eventually(() => proxy.connections === 0, 10_000);
    proxy.fault = undefined;
    await pull(reference, undefined, shared);
    expect(await isThere(reference)).toBe(true);
  });

  it("asks for nothing when its signal has aborted before", async () => {
    const reference = proxy.here(registryImages.busybox);

    await expect(
      puller().pull(
        { reference, credentials: undefined },
        AbortSignal.abort(new Error("no")),
        silent,
      ),
    ).rejects.toThrow("no");

    expect(proxy.requests).toEqual([]);
  });

  it("leaves no listener on a signal", async () => {
    const reference = proxy.here(await publishRandomImage(docker));
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>): void => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
      listeners--;
      remove(...args);
    };
    pulled.add(reference);

    await puller().pull({ reference, credentials: undefined }, signal, silent);

    expect(listeners).toBe(0);
  });

  it("says that an image does not exist, until it does", async () => {
    const name = `persys-test/${randomUUID()}:1`;
    const reference = proxy.here(`registry/${name}`);

    const error = await errorOf(pull(reference));

    expect(error).toMatchObject({
      code: "IMAGE_NOT_FOUND",
      retryable: true,
      details: { reference, registry: proxy.address },
    });
    expect(error.message).toContain(proxy.address);
    await publishRandomImage(docker, { as: name });
    await pull(reference);
  });

  it("says that credentials are missing, until there are some", async () => {
    const { guardedRegistry: registry, credentials } = dockerHost();
    const reference = await publishRandomImage(docker, { guarded: true });

    const error = await errorOf(pull(reference));

    expect(error).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      retryable: true,
      details: { reference, registry },
    });
    expect(error.message).toContain("has none for it");
    expect(error.message).toContain("PERSYS_DOCKER_CONFIG");
    expect(error.message).toContain("registryAuth");
    await pull(reference, { ...credentials, serveraddress: registry });
  });

  it("says that credentials are missing where a registry gives tokens", async () => {
    const reference = proxy.here(await publishRandomImage(docker));
    proxy.fault = { kind: "wants tokens" };

    const error = await errorOf(pull(reference));

    expect(proxy.requests.some((one) => one.startsWith("GET /token"))).toBe(true);
    expect(error).toMatchObject({ code: "REGISTRY_UNAUTHORIZED", retryable: true });
    expect(error.message).toContain("has none for it");
    proxy.fault = undefined;
    await pull(reference);
  });

  it("says that credentials are refused, and never which", async () => {
    const { guardedRegistry: registry, credentials } = dockerHost();
    const reference = await publishRandomImage(docker, { guarded: true });
    const password = `wrong-${randomUUID()}`;
    const said: string[] = [];

    const error = await errorOf(
      puller().pull(
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
    const reference = proxy.here(await publishRandomImage(docker));
    await proxy.close();

    const error = await errorOf(pull(reference));

    expect(error).toMatchObject({
      code: "NETWORK_ERROR",
      retryable: true,
      details: { reference, registry: proxy.address },
    });
    expect(error.message).toContain("ECONNREFUSED");
    await proxy.open();
    await pull(reference);
  });

  it("says that a registry has no address", async () => {
    const error = await errorOf(pull("registry.invalid/persys-test/busybox:1"));

    expect(error).toMatchObject({ code: "NETWORK_ERROR", retryable: true });
    expect(error.message).toContain("registry.invalid");
  });

  it("says that a registry hangs up, until it listens", async () => {
    const reference = proxy.here(await publishRandomImage(docker));
    proxy.fault = { kind: "hangs up" };

    expect(await errorOf(pull(reference))).toMatchObject({ code: "NETWORK_ERROR" });

    proxy.fault = undefined;
    await pull(reference);
  });

  it("says that a registry says nothing, until it does", async () => {
    const reference = proxy.here(await publishRandomImage(docker));
    proxy.fault = { kind: "silent" };

    const error = await errorOf(pull(reference, undefined, puller(1_000)));

    expect(error).toMatchObject({ code: "NETWORK_ERROR", retryable: true });
    expect(error.message).toContain("no answer");
    proxy.fault = undefined;
    await pull(reference);
  });

  it("calls off a pull that stands still, and goes on later", async () => {
    const reference = proxy.here(await publishRandomImage(docker, { sizeBytes: 2 * megabyte }));
    proxy.fault = { kind: "stalls layers", afterBytes: megabyte };

    const error = await errorOf(pull(reference, undefined, puller(1_000)));

    expect(error).toMatchObject({
      code: "TIMEOUT",
      retryable: true,
      details: { reference, registry: proxy.address },
    });
    proxy.fault = undefined;
    await pull(reference);
  });

  it("says that a registry limits how often it is asked", async () => {
    const reference = proxy.here(await publishRandomImage(docker));
    const body = JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "slow down" }] });
    proxy.fault = { kind: "answers", status: 429, body };

    const error = await errorOf(pull(reference));

    expect(error).toMatchObject({ code: "IMAGE_PULL_FAILED", retryable: true });
    expect(error.message).toContain("limits how often");
    proxy.fault = undefined;
    await pull(reference);
  });

  it("says what a registry answers that is ill", async () => {
    const reference = proxy.here(await publishRandomImage(docker));
    proxy.fault = { kind: "answers", status: 503 };

    const error = await errorOf(pull(reference));

    expect(error).toMatchObject({ code: "IMAGE_PULL_FAILED", retryable: true });
    expect(error.message).toContain("503");
    proxy.fault = undefined;
    await pull(reference);
  });

  it("says what is wrong with a layer, until it is right", async () => {
    const reference = proxy.here(await publishRandomImage(docker, { sizeBytes: megabyte }));
    proxy.fault = { kind: "corrupts layers" };

    const error = await errorOf(pull(reference));

    expect(error).toMatchObject({
      code: "IMAGE_PULL_FAILED",
      retryable: true,
      details: { reference, registry: proxy.address, pull: "broken" },
    });
    proxy.fault = undefined;
    await pull(reference);
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
