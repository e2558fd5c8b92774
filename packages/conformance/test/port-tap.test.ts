import { MemoryStateStore } from "@persys/adapters/memory";
import {
  aRecord,
  ManualClock,
  type PortTap,
  SimulatedRuntime,
  SimulatedWorld,
  tapRuntime,
  tapStore,
} from "@persys/conformance";
import { AgentError, specDigest, type Target, type WorkloadId } from "@persys/core";
import { beforeEach, describe, expect, it } from "vitest";

const id = "web" as WorkloadId;
const alive = new AbortController().signal;
const spec = { program: "serve" };
const target: Target = {
  id,
  uid: "uid-1",
  revisionId: "r1",
  specDigest: specDigest(spec),
  spec,
  stopGraceMs: 1_000,
};

let world: SimulatedWorld;
let heard: string[];

const listen: PortTap = async ({ port, op, id: of, revisionId }, moment) => {
  heard.push([moment, port, op, of, revisionId].filter((part) => part !== undefined).join(" "));
};

beforeEach(() => {
  world = new SimulatedWorld({ clock: new ManualClock() });
  heard = [];
});

describe("tapRuntime", () => {
  it("is told of every call before and after it", async () => {
    const runtime = tapRuntime(new SimulatedRuntime(world), listen);
    await runtime.prepare(target, alive, () => {});
    await runtime.start(target, alive);
    await runtime.observe(id, alive);
    await runtime.list(alive);
    await runtime.stop(id, 0, alive);

    expect(heard).toEqual(
      ["prepare web r1", "start web r1", "observe web", "list", "stop web"].flatMap((call) => [
        `before runtime ${call}`,
        `after runtime ${call}`,
      ]),
    );
  });

  it("has a moment after a call that fails, and the call's own error", async () => {
    const runtime = tapRuntime(new SimulatedRuntime(world), listen);
    const error: unknown = await runtime.start(target, alive).catch((thrown: unknown) => thrown);

    expect(AgentError.hasCode(error, "NOT_PREPARED")).toBe(true);
    expect(heard).toEqual(["before runtime start web r1", "after runtime start web r1"]);
  });

  it("does nothing when the tap throws before, and has done it when it throws after", async () => {
    const failing = (at: "before" | "after"): PortTap => {
      return async (_call, moment) => {
        if (moment === at) throw new AgentError("RUNTIME_ERROR", "tapped");
      };
    };
    const prepare = (at: "before" | "after"): Promise<void> =>
      tapRuntime(new SimulatedRuntime(world), failing(at)).prepare(target, alive, () => {});

    await expect(prepare("before")).rejects.toThrow("tapped");
    expect(world.ids).toEqual([]);
    await expect(prepare("after")).rejects.toThrow("tapped");
    expect(world.ids).toEqual([id]);
  });

  it("listens from the call on and is told of each hint", async () => {
    const runtime = tapRuntime(new SimulatedRuntime(world), listen);
    const reader = runtime.events?.(alive)[Symbol.asyncIterator]();
    await runtime.prepare(target, alive, () => {});
    await runtime.start(target, alive);
    heard = [];

    expect(await reader?.next()).toMatchObject({ value: { id, what: "created" } });
    expect(heard).toEqual([
      "before runtime events",
      "after runtime events",
      "before runtime event web",
    ]);
    await reader?.next();
    expect(heard.slice(3)).toEqual(["after runtime event web", "before runtime event web"]);
  });

  it("has no parts that the runtime does not have", () => {
    const runtime = tapRuntime(new SimulatedRuntime(world, { events: false }), listen);

    expect(["events", "logs", "usage"].map((part) => part in runtime)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("tapStore", () => {
  it("is told of every call and which workload a batch is about", async () => {
    const store = tapStore(new MemoryStateStore(), listen);
    await store.open(alive);
    await store.commit([{ kind: "put-record", record: aRecord({ id }) }]);
    await store.commit([{ kind: "delete-actions", seqs: [1] }]);
    await store.close();

    expect(heard).toEqual(
      ["open", "commit web", "commit", "close"].flatMap((call) => [
        `before store ${call}`,
        `after store ${call}`,
      ]),
    );
  });
});
