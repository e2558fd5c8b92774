import {
  AgentError,
  currentInstance,
  type Json,
  keptInstance,
  type Observation,
  specDigest,
  type Target,
  type WorkloadId,
} from "@persys/core";
import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock, SimulatedRuntime, SimulatedWorld } from "@persys/conformance";

const id = "web" as WorkloadId;
const alive = new AbortController().signal;

function target(revisionId: string, spec: Json = {}): Target {
  const digest = specDigest({ revisionId, spec });
  return { id, uid: "uid-1", revisionId, specDigest: digest, spec, stopGraceMs: 1000 };
}

function states(observation: Observation): readonly string[] {
  if (observation.kind !== "present") return [observation.kind];
  return observation.instances.map(
    (each) => `${each.revisionId} ${each.state}${each.kept ? " kept" : ""}`,
  );
}

let clock: ManualClock;
let world: SimulatedWorld;
let runtime: SimulatedRuntime;

async function prepareAndStart(revision: Target): Promise<void> {
  await runtime.prepare(revision, alive, () => {});
  await runtime.start(revision, alive);
}

beforeEach(() => {
  clock = new ManualClock();
  world = new SimulatedWorld({ clock });
  runtime = new SimulatedRuntime(world);
});

describe("SimulatedRuntime", () => {
  it("refuses to start what was not prepared, changing nothing", async () => {
    const error: unknown = await runtime
      .start(target("r1"), alive)
      .catch((thrown: unknown) => thrown);

    expect(AgentError.hasCode(error, "NOT_PREPARED") && error.effect).toBe("none");
    expect(await runtime.observe(id, alive)).toEqual({ kind: "absent" });
  });

  it("lists the glance that observe gives, another one after every change", async () => {
    await prepareAndStart(target("r1"));
    const before = (await runtime.list(alive)).get(id);
    world.kill(id);
    const observed = await runtime.observe(id, alive);

    expect(observed.kind === "present" && observed.glance).toBe(
      (await runtime.list(alive)).get(id),
    );
    expect((await runtime.list(alive)).get(id)).not.toBe(before);
  });

  it("ends by itself when its spec says so, with a new run for every start", async () => {
    const job = target("r1", { program: "exit", exitCode: 3, exitAfterMs: 500 });
    await prepareAndStart(job);
    const firstRun = currentInstance(await runtime.observe(id, alive))?.run;
    await clock.advance(499);
    expect(states(await runtime.observe(id, alive))).toEqual(["r1 running"]);
    await clock.advance(1);
    const ended = currentInstance(await runtime.observe(id, alive));
    await runtime.start(job, alive);

    expect(ended?.exit).toMatchObject({ kind: "code", code: 3, endedAtMs: clock.wallMs() });
    expect(ended?.run).toBe(firstRun);
    expect(currentInstance(await runtime.observe(id, alive))?.run).not.toBe(firstRun);
  });

  it("replaces, keeping the old one, and restores it", async () => {
    await prepareAndStart(target("r1"));
    await runtime.prepare(target("r2"), alive, () => {});
    await runtime.replace(target("r2"), alive);
    expect(states(await runtime.observe(id, alive))).toEqual(["r2 running", "r1 exited kept"]);

    await runtime.restore(id, alive);

    expect(states(await runtime.observe(id, alive))).toEqual(["r1 running"]);
    world.assertSound();
  });

  it("shows a replacement that was cut short, and finishes it when called again", async () => {
    await prepareAndStart(target("r1"));
    await runtime.prepare(target("r2"), alive, () => {});
    world.faults.hangNext("replace", { at: "midway" });
    const cancel = new AbortController();
    const replacing = runtime.replace(target("r2"), cancel.signal);
    await clock.settle();
    cancel.abort(new Error("enough"));

    await expect(replacing).rejects.toThrow("enough");
    expect(states(await runtime.observe(id, alive))).toEqual(["r1 exited kept"]);
    await runtime.replace(target("r2"), alive);
    expect(states(await runtime.observe(id, alive))).toEqual(["r2 running", "r1 exited kept"]);
  });

  it("retires the kept one and what was prepared for others", async () => {
    await prepareAndStart(target("r1"));
    await runtime.prepare(target("r2"), alive, () => {});
    await runtime.replace(target("r2"), alive);
    await runtime.retire(id, [target("r2").specDigest], alive);

    expect(keptInstance(await runtime.observe(id, alive))).toBeUndefined();
    await expect(runtime.start(target("r1"), alive)).rejects.toMatchObject({
      code: "NOT_PREPARED",
    });
  });

  it("forces a stop that outlasts its grace, and lets one end that does not", async () => {
    await prepareAndStart(target("r1", { stopMs: 5000 }));
    const forced = runtime.stop(id, 1000, alive);
    await clock.settle();
    expect(states(await runtime.observe(id, alive))).toEqual(["r1 stopping"]);
    await clock.advance(1000);
    await forced;
    expect(currentInstance(await runtime.observe(id, alive))?.exit).toMatchObject({ code: 137 });

    await runtime.start(target("r1", { stopMs: 5000 }), alive);
    const graceful = runtime.stop(id, 9000, alive);
    await clock.advance(5000);
    await graceful;
    expect(currentInstance(await runtime.observe(id, alive))?.exit).toMatchObject({ code: 143 });
  });

  it("leaves nothing after a remove, half-made things included", async () => {
    const slow = target("r1", { prepareMs: 100 });
    const cancel = new AbortController();
    const preparing = runtime.prepare(slow, cancel.signal, () => {});
    await clock.settle();
    cancel.abort(new Error("enough"));
    await expect(preparing).rejects.toThrow("enough");
    expect(world.ids).toEqual([id]);

    await runtime.remove(id, alive);

    expect(world.ids).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("says unreadable, never absent, while it cannot be reached", async () => {
    world.setUnreachable(true);

    expect(await runtime.observe(id, alive)).toMatchObject({
      kind: "unreadable",
      failure: { reason: "RUNTIME_UNAVAILABLE", retryable: true },
    });
    await expect(runtime.list(alive)).rejects.toMatchObject({ code: "RUNTIME_UNAVAILABLE" });
    await expect(runtime.remove(id, alive)).rejects.toMatchObject({ effect: "none" });
    expect(await runtime.probe(alive)).toMatchObject({ healthy: false });
  });

  it("fails after having done it when told so", async () => {
    const lost = new AgentError("TIMEOUT", "no answer", { retryable: true });
    world.faults.failNext("start", lost, { at: "after" });
    await runtime.prepare(target("r1"), alive, () => {});

    await expect(runtime.start(target("r1"), alive)).rejects.toBe(lost);
    expect(states(await runtime.observe(id, alive))).toEqual(["r1 running"]);
  });

  it("does nothing more and never returns once it was crashed", async () => {
    await runtime.prepare(target("r1", { startMs: 100 }), alive, () => {});
    let ended = false;
    void runtime.start(target("r1", { startMs: 100 }), alive).finally(() => {
      ended = true;
    });
    await clock.settle();
    runtime.crash();
    await clock.advance(1000);

    expect(ended).toBe(false);
    expect(states(await new SimulatedRuntime(world).observe(id, alive))).toEqual(["r1 created"]);
    expect(world.journal.entries.at(-1)?.outcome).toBe("lost");
  });

  it("names every rule that a spec breaks, unknown keys included", () => {
    const parsed = runtime.parseSpec({ program: "dance", exitCode: 300, colour: "red" });

    const paths = parsed.ok ? [] : parsed.violations.map(({ path }) => path.join("."));
    expect(paths.toSorted()).toEqual(["colour", "exitCode", "program"]);
  });
});

describe("SimulatedWorld", () => {
  it("notes two changing calls at once for one id", async () => {
    await runtime.prepare(target("r1"), alive, () => {});
    world.faults.hangNext("start");
    const hung = runtime.start(target("r1"), alive);
    await clock.settle();
    await runtime.stop(id, 0, alive);
    world.faults.clear();
    await hung;

    expect(world.violations).toEqual(["stop of web began while start was under way"]);
    expect(() => world.assertSound()).toThrow("under way");
  });

  it("notes two live instances of one id", async () => {
    await prepareAndStart(target("r1"));
    await runtime.prepare(target("r2"), alive, () => {});
    await runtime.replace(target("r2"), alive);
    const holding = world.instances.get(id);
    if (holding?.kept !== undefined) world.instances.run(holding, holding.kept);

    expect(world.violations).toEqual(["two instances of web are live: r1 and r2"]);
  });

  it("delivers hints at once, twice, late or not at all", async () => {
    const seen: string[] = [];
    const stop = new AbortController();
    const events = runtime.events?.(stop.signal);
    const reading = (async () => {
      for await (const event of events ?? []) seen.push(`${event.id} ${event.what}`);
    })();
    await prepareAndStart(target("r1"));
    await clock.settle();
    expect(seen.splice(0)).toEqual(["web created", "web running"]);

    world.events.deliver({ copies: 2 });
    world.kill(id);
    await clock.settle();
    expect(seen.splice(0)).toEqual(["web exited", "web exited"]);

    world.events.deliver({ drop: true });
    await runtime.start(target("r1"), alive);
    world.events.deliver({ delayMs: 100 });
    world.pause(id);
    await clock.advance(99);
    expect(seen).toEqual([]);
    await clock.advance(1);
    expect(seen).toEqual(["web paused"]);

    stop.abort();
    await reading;
    expect(world.events.listeners).toBe(0);
  });

  it("breaks the event streams when it becomes unreachable", async () => {
    const events = runtime.events?.(alive);
    const reading = (async () => {
      for await (const event of events ?? []) void event;
    })();
    await clock.settle();
    world.setUnreachable(true);

    await expect(reading).rejects.toMatchObject({ code: "RUNTIME_UNAVAILABLE" });
  });
});
