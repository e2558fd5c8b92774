import { afterAll, expect, it } from "vitest";
import { AgentError, currentInstance, type RuntimeEvent, type WorkloadId } from "@persys/core";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { eventually, forever } from "../support/runtime-calls.ts";
import { DockerHarness } from "./docker-harness.ts";
import { DyingClient } from "./dying-client.ts";

describeWithDocker("DockerRuntime", () => {
  const host = new DockerHarness();
  afterAll(async () => host.close());

  it.concurrent("observes truthfully while everything changes", async () => {
    const [first, second] = [1, 2].map((one) =>
      host.target("changing", { image: testImages.volume, env: { V: String(one) } }),
    );
    if (first === undefined || second === undefined) throw new Error("no targets");
    await host.run(first);
    await host.prepare(second);
    const seen: string[] = [];
    const over = new AbortController();
    const watch = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const observation = await host.another().observe(first.id, forever);
        // There is a container at every moment.
        seen.push(observation.kind);
        await host.runtime.list(forever);
      }
    };
    const watching = [watch(), watch()];
    try {
      await host.runtime.replace(second, forever);
      await host.runtime.restore(first.id, forever);
      await host.runtime.replace(second, forever);
      await host.runtime.retire(first.id, [second.specDigest], forever);
      await host.outsider.pause(first.id);
      await host.runtime.start(second, forever);
      await host.runtime.stop(first.id, 1_000, forever);
    } finally {
      over.abort();
      await Promise.all(watching);
    }
    // What changes all the time may not be readable at some moment; it is never gone.
    expect(seen).toContain("present");
    expect(seen).not.toContain("absent");
  });

  it.concurrent("takes an id that is how another container's id begins", async () => {
    const other = await host.docker.createContainer({ Image: testImages.busybox });
    try {
      const id = host.known(other.id.slice(0, 8));
      const target = host.target("begins", host.longRunning(), { id });

      await host.run(target);

      expect(await host.current(id)).toMatchObject({ state: "running", drift: [] });
      await host.runtime.remove(id, forever);
      expect((await other.inspect()).State.Status).toBe("created");
    } finally {
      await other.remove();
    }
  });

  it.concurrent("gives hints of all that happens to a container", async () => {
    const target = host.target("hints", host.longRunning());
    const { id } = target;
    const ending = new AbortController();
    const hints: RuntimeEvent[] = [];
    const following = follow(host, hints, ending.signal);
    try {
      for (const act of [
        () => host.prepare(target),
        () => host.runtime.start(target, forever),
        () => host.outsider.pause(id),
        () => host.runtime.start(target, forever),
        () => host.outsider.update(id, { CpuShares: 256 }),
        () => host.outsider.rename(id, `other-${id}`),
        () => host.outsider.disconnect(id, "bridge"),
        () => host.outsider.kill(id),
        () => host.outsider.remove(id),
      ]) {
        const before = countOf(hints, id);
        await act();
        await eventually(() => countOf(hints, id) > before, 10_000);
      }
    } finally {
      ending.abort();
      await following;
    }
  });

  it.concurrent("runs what it was prepared with, although the tag has moved", async () => {
    const tag = `persys-test/moving-${host.id("tag")}`;
    await host.docker.getImage(testImages.busybox).tag({ repo: tag, tag: "1" });
    try {
      const target = host.target("moving", host.longRunning({ image: `${tag}:1` }));
      await host.run(target);
      const { Image } = await host.outsider.inspect(target.id);
      await host.docker.getImage(testImages.web).tag({ repo: tag, tag: "1" });
      await host.outsider.remove(target.id);

      await host.runtime.start(target, forever);

      expect((await host.outsider.inspect(target.id)).Image).toBe(Image);
      expect(await host.current(target.id)).toMatchObject({ state: "running", drift: [] });
    } finally {
      await host.docker.getImage(`${tag}:1`).remove();
    }
  });

  it.concurrent("does not run another image under its labels when it died while it made that out", async () => {
    const tag = `persys-test/moving-${host.id("died")}`;
    await host.docker.getImage(testImages.busybox).tag({ repo: tag, tag: "1" });
    const client = await DyingClient.open();
    try {
      const target = host.target("died", host.longRunning({ image: `${tag}:1` }));
      await host.run(target);
      const { Image } = await host.outsider.inspect(target.id);
      await host.docker.getImage(testImages.web).tag({ repo: tag, tag: "1" });
      await host.outsider.remove(target.id);
      client.cut(1, "dies");
      const dying = host.another({ endpoint: client.endpoint });
      await expect(dying.start(target, forever)).rejects.toBeInstanceOf(AgentError);
      expect(client.changes[0]).toBe("POST /containers/create");

      const { drift } = await host.current(target.id);
      expect(drift).toEqual([expect.stringMatching(/^image is sha256:\w+ instead of sha256:\w+$/)]);
      await host.runtime.replace(target, forever);

      expect((await host.outsider.inspect(target.id)).Image).toBe(Image);
      expect(await host.current(target.id)).toMatchObject({ state: "running", drift: [] });
    } finally {
      await client.close();
      await host.docker.getImage(`${tag}:1`).remove();
    }
  });

  it.concurrent("shows by a glance that an ended container ran once more, in vain again", async () => {
    const target = host.target("again", { image: testImages.exit });
    await host.run(target);
    const { run } = await host.ended(target.id);
    const before = (await host.runtime.list(forever)).get(target.id);

    const container = await host.outsider.container(target.id);
    await container.start();
    await container.wait();

    await eventually(async () => (await host.runtime.list(forever)).get(target.id) !== before);
    expect((await host.current(target.id)).run).not.toBe(run);
  });

  it.concurrent("refuses a spec that is none, and touches nothing", async () => {
    const target = host.target("none", { image: 7 });
    for (const call of [
      () => host.prepare(target),
      () => host.runtime.start(target, forever),
      () => host.runtime.replace(target, forever),
    ])
      await expect(call()).rejects.toSatisfy((one) => AgentError.hasCode(one, "INVALID_SPEC"));
    expect(await host.observe(target.id)).toEqual({ kind: "absent" });
  });

  it.concurrent("takes a container that never ran and is of another revision for set aside", async () => {
    const first = host.target("unstarted", host.longRunning({ env: { V: "1" } }));
    const second = host.target("unstarted", host.longRunning({ env: { V: "2" } }));
    await host.prepare(first);
    await host.prepare(second);

    await host.runtime.start(second, forever);

    const current = currentInstance(await host.observe(first.id));
    expect(current).toMatchObject({ revisionId: second.revisionId, state: "running" });
    await host.runtime.remove(first.id, forever);
    expect(await host.outsider.containers(first.id)).toEqual([]);
  });
});

/** Collects the hints until the signal aborts. */
async function follow(
  host: DockerHarness,
  into: RuntimeEvent[],
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of host.runtime.events(signal)) into.push(event);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function countOf(hints: readonly RuntimeEvent[], id: WorkloadId): number {
  return hints.filter((one) => one.id === id).length;
}
