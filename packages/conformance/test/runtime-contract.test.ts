import {
  caseContext,
  runtimeContract,
  SimulatedRuntime,
  simulatedSubject,
  type SimulatedWorld,
} from "@persys/conformance";
import type { WorkloadRuntime } from "@persys/core";
import { describe, expect, it } from "vitest";

describe("SimulatedRuntime", () => {
  for (const { id, clause, level, title, run } of runtimeContract(() => simulatedSubject())) {
    it(`${clause} ${level} ${id}: ${title}`, () => run(caseContext()));
  }
});

/** Ways to break one promise each, by the case that has to notice. */
const mutants: Readonly<
  Record<string, (real: SimulatedRuntime, world: SimulatedWorld) => Partial<WorkloadRuntime>>
> = {
  "spec-refuses-unknown-keys": (real) => ({ parseSpec: () => real.parseSpec({}) }),
  "glances-agree": (real) => ({
    list: async (signal) =>
      new Map(Array.from(await real.list(signal), ([id]) => [id, "always the same"])),
  }),
  "start-is-idempotent": (real) => ({
    start: async (target, signal) => {
      await real.stop(target.id, 0, signal);
      await real.start(target, signal);
    },
  }),
  "stop-is-idempotent": (real) => ({ stop: (id, _graceMs, signal) => real.remove(id, signal) }),
  "remove-of-absent-succeeds": (real, world) => ({
    remove: async (id, signal) => {
      if (world.instances.get(id) === undefined) throw new Error("no such workload");
      await real.remove(id, signal);
    },
  }),
  "remove-takes-the-prepared": (_real, world) => ({
    remove: async (id) => {
      const holding = world.instances.get(id);
      if (holding !== undefined) world.instances.drop(holding, "current");
    },
  }),
  "replace-keeps-the-old": (real) => ({
    replace: async (target, signal) => {
      await real.replace(target, signal);
      await real.retire(target.id, [target.specDigest], signal);
    },
  }),
  "restore-brings-back": (real) => ({ restore: (id, signal) => real.retire(id, [], signal) }),
  "cancelled-stop-forces-nothing": (real) => ({
    stop: (id, graceMs) => real.stop(id, graceMs, new AbortController().signal),
  }),
  "an-end-is-hinted": (_real, world) => {
    world.events.deliver({ drop: true });
    return {};
  },
  "unreadable-is-not-absent": (real) => ({
    observe: async (id, signal) => {
      const seen = await real.observe(id, signal);
      return seen.kind === "unreadable" ? { kind: "absent" } : seen;
    },
  }),
  "strangers-are-left-alone": (real, world) => ({
    remove: async (id, signal) => {
      world.removeStranger(id);
      await real.remove(id, signal);
    },
  }),
};

describe("runtimeContract", () => {
  for (const [caseId, breakIt] of Object.entries(mutants)) {
    it(`notices a runtime that breaks ${caseId}`, async () => {
      const makeMutant = (world: SimulatedWorld): WorkloadRuntime =>
        Object.assign(new SimulatedRuntime(world), breakIt(new SimulatedRuntime(world), world));
      const cases = runtimeContract(() => simulatedSubject(makeMutant));
      const broken = cases.find(({ id }) => id === caseId);

      expect(broken).toBeDefined();
      await expect(broken?.run(caseContext())).rejects.toThrow();
    });
  }

  it("gives every case an id of its own", () => {
    const ids = runtimeContract(() => simulatedSubject()).map(({ id }) => id);

    expect(new Set(ids).size).toBe(ids.length);
  });
});
