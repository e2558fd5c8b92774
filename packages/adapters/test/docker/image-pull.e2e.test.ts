import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWithDocker, dockerHost } from "../../../../test/docker/docker-host.ts";
import { registryImages } from "../../../../test/docker/test-images.ts";
import { eventually, forever } from "../support/runtime-calls.ts";
import { PullStage, silent } from "./image-pull-stage.ts";
import { publishRandomImage } from "./registry-images.ts";

const megabyte = 1_000_000;

describeWithDocker("ImagePuller", () => {
  let stage: PullStage;

  beforeEach(async () => {
    stage = await PullStage.open();
  });

  afterEach(async () => {
    await stage.close();
  });

  it("pulls an image and says how far it is", async () => {
    const reference = stage.proxy.here(
      await publishRandomImage(stage.docker, { sizeBytes: 3 * megabyte }),
    );
    const said: string[] = [];
    stage.willRemove(reference);

    await stage
      .puller()
      .pull({ reference, credentials: undefined }, forever, (sentence) => said.push(sentence));

    expect(await stage.has(reference)).toBe(true);
    expect(said[0]).toBe(`pulling ${reference}`);
    expect(said).toContain(`pulling ${reference}: 1 of 1 layer, 3.0 of 3.0 MB`);
  });

  it("pulls `latest` alone where a reference has neither tag nor digest", async () => {
    const name = `persys-test/${randomUUID()}`;
    await publishRandomImage(stage.docker, { as: `${name}:other` });
    await publishRandomImage(stage.docker, { as: `${name}:latest` });
    const here = stage.proxy.here(`registry/${name}`);

    await stage.pull(here);

    expect(await stage.has(`${here}:latest`)).toBe(true);
    expect(await stage.has(`${here}:other`)).toBe(false);
  });

  it("pulls by digest where a reference has one, with and without a tag", async () => {
    const tagged = stage.proxy.here(await publishRandomImage(stage.docker));
    await stage.pull(tagged);
    const report = await stage.client.image(tagged, forever);
    const digested = report?.RepoDigests[0] ?? "";
    const [name, digest = ""] = digested.split("@");
    await stage.docker.getImage(tagged).remove();

    for (const reference of [digested, `${name}:moved-meanwhile@${digest}`]) {
      await stage.pull(reference);
      expect((await stage.client.image(digested, forever))?.Id).toBe(report?.Id);
      await stage.docker.getImage(digested).remove();
    }
  });

  it("finds an image that is there already up to date", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    await stage.pull(reference);

    await stage.pull(reference);

    expect(stage.proxy.count("blobs")).toBe(2); // The layer and the configuration, once.
  });

  it("pulls once for all who want the same at the same time, and tells each of them", async () => {
    const reference = stage.proxy.here(
      await publishRandomImage(stage.docker, { sizeBytes: megabyte }),
    );
    stage.willRemove(reference);
    const shared = stage.puller();
    const said = new Map<number, string[]>();

    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        shared.pull({ reference, credentials: undefined }, forever, (one) => {
          said.set(n, [...(said.get(n) ?? []), one]);
        }),
      ),
    );

    expect(stage.proxy.requests.filter((one) => one.startsWith("HEAD "))).toHaveLength(1);
    expect(said.size).toBe(20);
    for (const sentences of said.values()) expect(sentences).toEqual(said.get(0));
  });

  it("pulls again for whoever comes after", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    const shared = stage.puller();

    await stage.pull(reference, undefined, shared);
    await stage.pull(reference, undefined, shared);

    expect(stage.proxy.requests.filter((one) => one.startsWith("HEAD "))).toHaveLength(2);
  });

  it("does not let anybody profit from another's credentials", async () => {
    const { guardedRegistry: serveraddress, credentials } = dockerHost();
    const reference = await publishRandomImage(stage.docker, { guarded: true });
    const shared = stage.puller();
    stage.willRemove(reference);

    const [mine, other] = await Promise.allSettled([
      stage.pull(reference, { ...credentials, serveraddress }, shared),
      stage.pull(reference, undefined, shared),
    ]);

    expect(mine.status).toBe("fulfilled");
    expect(other).toMatchObject({ reason: { code: "REGISTRY_UNAUTHORIZED" } });
  });

  it("goes on for the others when one leaves", async () => {
    const reference = stage.proxy.here(
      await publishRandomImage(stage.docker, { sizeBytes: 2 * megabyte }),
    );
    stage.proxy.fault = { kind: "stalls layers", afterBytes: megabyte };
    const shared = stage.puller(1_000);
    const leaver = new AbortController();
    const said: string[] = [];
    const left = shared.pull({ reference, credentials: undefined }, leaver.signal, (one) =>
      said.push(one),
    );
    const stayed = stage.pull(reference, undefined, shared);
    await eventually(() => stage.proxy.count("blobs") >= 2);

    leaver.abort(new Error("left"));

    await expect(left).rejects.toThrow("left");
    const heardBefore = said.length;
    await expect(stayed).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(said).toHaveLength(heardBefore);
  });

  it("is called off in the engine when the last one leaves, and can be asked for again", async () => {
    const reference = stage.proxy.here(
      await publishRandomImage(stage.docker, { sizeBytes: 2 * megabyte }),
    );
    stage.willRemove(reference);
    stage.proxy.fault = { kind: "trickles layers" };
    const shared = stage.puller();
    const leavers = [new AbortController(), new AbortController()];
    const left = leavers.map(({ signal }) =>
      shared.pull({ reference, credentials: undefined }, signal, silent),
    );
    await eventually(() => stage.proxy.count("blobs") >= 2);

    for (const leaver of leavers) leaver.abort(new Error("left"));
    for (const one of left) await expect(one).rejects.toThrow("left");

    await eventually(() => stage.proxy.connections === 0, 10_000);
    stage.proxy.fault = undefined;
    await stage.pull(reference, undefined, shared);
    expect(await stage.has(reference)).toBe(true);
  });

  it("is begun anew by whoever comes right after the last one has left", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    const shared = stage.puller();
    const leaver = new AbortController();
    const left = shared.pull({ reference, credentials: undefined }, leaver.signal, silent);

    leaver.abort(new Error("left"));
    const next = left.catch(async () => stage.pull(reference, undefined, shared));

    await next;
    expect(await stage.has(reference)).toBe(true);
  });

  it("goes on for as long as something comes", async () => {
    const reference = stage.proxy.here(
      await publishRandomImage(stage.docker, { sizeBytes: 250_000 }),
    );
    stage.proxy.fault = { kind: "trickles layers" };
    const beganMs = performance.now();

    await stage.pull(reference, undefined, stage.puller(1_500));

    expect(performance.now() - beganMs).toBeGreaterThan(1_500);
  });

  it("leaves no timer behind", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((one) => one === "Timeout").length;
    await stage.pull(reference);
    const before = timers();

    for (let n = 0; n < 10; n++) await stage.pull(reference);

    expect(timers() - before).toBeLessThan(5);
  });

  it("asks for nothing when its signal has aborted before", async () => {
    const reference = stage.proxy.here(registryImages.busybox);

    await expect(
      stage
        .puller()
        .pull({ reference, credentials: undefined }, AbortSignal.abort(new Error("no")), silent),
    ).rejects.toThrow("no");

    expect(stage.proxy.requests).toEqual([]);
  });

  it("leaves no listener on a signal", async () => {
    const reference = stage.proxy.here(await publishRandomImage(stage.docker));
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
    stage.willRemove(reference);

    await stage.puller().pull({ reference, credentials: undefined }, signal, silent);

    expect(listeners).toBe(0);
  });
});
