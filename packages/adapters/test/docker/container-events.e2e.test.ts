import { afterEach, beforeEach, expect, it } from "vitest";
import { AgentError, type RuntimeEvent, type WorkloadId } from "@persys/core";
import { describeWithDocker } from "../../../../test/docker/docker-host.ts";
import { marksOf } from "../../src/docker/container-labels.ts";
import { ContainerEvents, type ContainerEventsContext } from "../../src/docker/container-events.ts";
import { forever } from "../support/runtime-calls.ts";
import { EngineProxy } from "./engine-proxy.ts";
import { soon, TestContainers } from "./test-containers.ts";

describeWithDocker("ContainerEvents", () => {
  let containers: TestContainers;
  let proxy: EngineProxy;
  let ending: AbortController;
  const known = new Map<string, WorkloadId>();

  beforeEach(async () => {
    containers = new TestContainers();
    proxy = await EngineProxy.open();
    ending = new AbortController();
    known.clear();
  });

  afterEach(async () => {
    ending.abort();
    await containers.close();
    await proxy.close();
  });

  function make(over: Partial<ContainerEventsContext> = {}): ContainerEvents {
    return new ContainerEvents({
      client: TestContainers.clientAt(proxy.endpoint),
      ownerOf: (labels, names) => marksOf(labels, names, containers.nodeId)?.id,
      workloadOf: (containerId) => known.get(containerId),
      ...over,
    });
  }

  /** Reads until the stream ends; resolves with its error. Older agents' containers are those of any node: other tests' are left out. */
  function listen(events: ContainerEvents): {
    readonly heard: readonly RuntimeEvent[];
    readonly ended: Promise<unknown>;
  } {
    const heard: RuntimeEvent[] = [];
    const ended = (async () => {
      try {
        for await (const event of events.events(ending.signal))
          if (containers.has(event.id)) heard.push(event);
        return undefined;
      } catch (error) {
        return error;
      }
    })();
    return { heard, ended };
  }

  async function listening(): Promise<void> {
    await soon(() => proxy.requests("/events") > 0);
  }

  it("tell of everything that changes a container", async () => {
    const { heard } = listen(make());
    const web = containers.id("web");
    const has = (what: string) => (): boolean =>
      heard.some((event) => event.id === web && event.what.startsWith(what));
    const container = await containers.make("web", "while :; do sleep 0.1; done", {
      Healthcheck: { Test: ["CMD", "true"], Interval: 50_000_000, Retries: 1 },
    });
    known.set(container.id, web);
    await soon(has("create"));
    await container.start();
    await soon(has("start"));
    await soon(has("connect"));
    await soon(has("health_status"));
    await container.pause();
    await soon(has("pause"));
    await container.unpause();
    await soon(has("unpause"));
    await container.update({ CpuShares: 512 });
    await soon(has("update"));
    await container.rename({ name: `${web}.renamed` });
    await soon(has("rename"));
    await containers.docker.getNetwork("bridge").disconnect({ Container: container.id });
    await soon(has("disconnect"));
    await container.kill();
    await soon(has("die"));
    await container.remove();
    await soon(has("destroy"));
    expect(heard.filter((event) => event.what.startsWith("exec"))).toEqual([]);
  });

  it("are those of this node's containers alone, and of older agents' by their name", async () => {
    const { heard } = listen(make());
    const [mine, older] = [containers.id("mine"), containers.id("older")];
    const marks = { "persys.managed": "true", "persys.revision_id": "r1" };
    const labels = { ...marks, "persys.workload_id": older };
    await containers.stranger({}, containers.id("plain"));
    await containers.stranger(labels, containers.id("not-the-id"));
    await containers.stranger({ ...labels, "persys.node_id": "other" }, containers.id("far"));
    expect(heard).toEqual([]);
    const container = await containers.stranger(labels, older);
    await container.rename({ name: containers.id("renamed") });
    await containers.make("mine", "true");
    await soon(() => heard.some((event) => event.id === mine));

    // A slow reader hears the last of a container alone.
    expect(new Set(heard.map((event) => event.id))).toEqual(new Set([older, mine]));
    expect(heard).toContainEqual({ id: older, what: "rename" });
  });

  it("go on after a break where they broke off", async () => {
    const events = make();
    const first = listen(events);
    await listening();
    proxy.breakOff();
    const error = await first.ended;
    await containers.make("missed", "true");
    const second = listen(events);
    await soon(() => second.heard.length > 0);

    expect(AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")).toBe(true);
    expect(second.heard).toEqual([{ id: containers.id("missed"), what: "create" }]);
  });

  it("are asked for from the time of the last one on", async () => {
    const events = make();
    const first = listen(events);
    await listening();
    const container = await containers.make("web", "true");
    await soon(() => first.heard.length > 0);
    const createdMs = Date.parse((await container.inspect()).Created);
    proxy.breakOff();
    await first.ended;
    listen(events);
    await soon(() => proxy.requests("/events") === 2);
    const [, since = ""] = /since=([\d.]+)/.exec(proxy.paths("/events")[1] ?? "") ?? [];

    expect(Number(since) * 1000).toBeGreaterThanOrEqual(createdMs - 10_000);
  });

  it("are lost to no stream that falls silent", async () => {
    const { heard } = listen(make({ silenceMs: 1_000 }));
    const isHeard = (name: string): boolean =>
      heard.some((event) => event.id === containers.id(name));
    // A stream that has not answered yet is not one that falls silent.
    await containers.make("before", "true");
    await soon(() => isHeard("before"));
    let missed = "none";
    // The engine remembers 256 events of everybody's, which a busy one may have forgotten when the stream is opened anew.
    for (let made = 0; !isHeard(missed) && made < 5; made += 1) {
      missed = `missed-${made}`;
      proxy.stallPresent();
      const opened = proxy.requests("/events");
      await containers.make(missed, "true");
      await soon(() => proxy.requests("/events") > opened);
      // What the stream that was opened anew tells of this came after what it has to tell of the other.
      await containers.make(`after-${made}`, "true");
      await soon(() => isHeard(`after-${made}`));
    }

    expect(heard).toContainEqual({ id: containers.id(missed), what: "create" });
  });

  it("end with an error when the engine never answers", async () => {
    proxy.stall();
    const { ended } = listen(make({ silenceMs: 50 }));

    expect(AgentError.hasCode(await ended, "RUNTIME_UNAVAILABLE")).toBe(true);
  });

  it("end with an error when the engine cannot be reached", async () => {
    await proxy.cut();
    const { ended } = listen(make());

    expect(AgentError.hasCode(await ended, "RUNTIME_UNAVAILABLE")).toBe(true);
  });

  it("end with the signal's reason", async () => {
    const { ended } = listen(make());
    await listening();
    const reason = new Error("enough");
    ending.abort(reason);

    expect(await ended).toBe(reason);
  });

  it("are whole, in whatever pieces they come", async () => {
    proxy.splitAnswers(3);
    const { heard } = listen(make());
    await containers.make("one", "true");
    await containers.make("two", "true");
    await soon(() => heard.length >= 2);

    expect(heard.map((event) => event.id)).toEqual([containers.id("one"), containers.id("two")]);
  });

  it("tell those who wait for one workload", async () => {
    const events = make();
    let hints = 0;
    const stop = events.onHint(containers.id("web"), () => (hints += 1));
    listen(events);
    await containers.make("other", "true");
    await containers.make("web", "true");
    await soon(() => hints === 1);
    stop();
    await (await containers.make("web", "true")).remove();
    const { heard } = listen(events);
    await soon(() => heard.length >= 2);

    expect(hints).toBe(1);
  });

  it("leave no stream open in the engine", async () => {
    const iterator = make().events(forever)[Symbol.asyncIterator]();
    const first = iterator.next();
    await containers.make("web", "true");
    await first;
    await iterator.return(undefined as never);
    await soon(() => proxy.connections === 0);
  });
});
