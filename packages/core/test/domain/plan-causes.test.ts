import { describe, expect, it } from "vitest";
import { planNextStep } from "../../src/domain/plan-next-step.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { Step } from "../../src/domain/step.ts";
import type { Revision, WorkloadRecord } from "../../src/domain/workload-record.ts";
import {
  exitedOf,
  failureOf,
  instanceOf,
  nowMs,
  policy,
  recordOf,
  revisionOf,
  seen,
  trialOf,
  unreadable,
} from "./builders.ts";
import { freshRevision } from "./model-revisions.ts";

const settled = revisionOf("r1", { settled: true, starts: 1 });
const givenUp = failureOf("NOT_SETTLED", false);
const started = recordOf({ wanted: revisionOf("r1", { starts: 1 }) });

function planned(record: WorkloadRecord, observation: Observation): Step {
  return planNextStep(record, observation, policy, nowMs);
}

describe("the cause of a step says", () => {
  it.each<readonly [string, WorkloadRecord, Observation, Step["kind"], string]>([
    ["that nothing is there yet", recordOf(), seen(), "start", "it does not exist yet"],
    ["that what was started is gone", started, seen(), "start", "its instance is gone"],
    ["that it is not running", recordOf(), seen(exitedOf("r1", 1)), "start", "it is not running"],
    ["that it ended", started, seen(exitedOf("r1", 1)), "start", "it ended"],
    [
      "how it ended",
      recordOf({ wanted: revisionOf("r1", { starts: 1, trial: trialOf() }) }),
      seen(exitedOf("r1", 1)),
      "start",
      "because of RUNTIME_ERROR",
    ],
    [
      "that it is paused",
      started,
      seen(instanceOf("r1", { state: "paused" })),
      "start",
      "it is paused",
    ],
    [
      "that it has yet to stay up",
      started,
      seen(instanceOf("r1")),
      "wait",
      "it runs, and has yet to stay up",
    ],
    [
      "that its check has not passed",
      started,
      seen(instanceOf("r1", { health: "starting" })),
      "wait",
      "its health check has not passed yet",
    ],
    [
      "that it runs as wanted",
      recordOf({ wanted: settled }),
      seen(instanceOf("r1")),
      "settled",
      "running as wanted",
    ],
    [
      "that the last settled one runs instead",
      recordOf({ wanted: revisionOf("r2", { givenUp }), fallback: settled }),
      seen(instanceOf("r1")),
      "settled",
      "the last settled revision runs; revision r2 was given up",
    ],
  ])("%s", (_, record, observation, ...step) => {
    const [kind, cause] = step;
    expect(planned(record, observation)).toMatchObject({ kind, cause });
  });
});

describe("a wait", () => {
  it.each<readonly [string, Observation]>([
    ["what cannot be read", unreadable],
    ["what is on its way up", seen(instanceOf("r1", { state: "starting" }))],
    ["a check that takes longer than settling", seen(instanceOf("r1", { health: "starting" }))],
  ])("for %s ends a second from now", (_, observation) => {
    expect(planned(started, observation)).toMatchObject({ kind: "wait", untilMs: nowMs + 1_000 });
  });

  it("while the new revision and the healing of the old one both wait ends with the first", () => {
    const until = (wantedMs: number, fallbackMs: number): unknown => {
      const wanted = { ...freshRevision("r2"), trial: trialOf({ notBeforeMs: nowMs + wantedMs }) };
      const fallback = { ...settled, trial: trialOf({ notBeforeMs: nowMs + fallbackMs }) };
      const step = planned(recordOf({ wanted, fallback }), seen(exitedOf("r1", 1)));
      return step.kind === "wait" ? step.untilMs - nowMs : step.kind;
    };
    expect(until(5_000, 2_000)).toBe(2_000);
    expect(until(2_000, 5_000)).toBe(2_000);
  });

  it("for the old revision does not hold up the preparation of the new one", () => {
    const fallback = { ...settled, trial: trialOf({ notBeforeMs: nowMs + 5_000 }) };
    const record = recordOf({ wanted: freshRevision("r2"), fallback });
    expect(planned(record, seen(exitedOf("r1", 1)))).toMatchObject({ kind: "prepare" });
  });

  it("for the new revision is all there is to do while the old one runs as it should", () => {
    const wanted = { ...freshRevision("r2"), trial: trialOf({ notBeforeMs: nowMs + 5_000 }) };
    const step = planned(recordOf({ wanted, fallback: settled }), seen(instanceOf("r1")));
    expect(step).toMatchObject({ kind: "wait", untilMs: nowMs + 5_000 });
  });
});

describe("what is kept", () => {
  const keptFirst = instanceOf("r1", { kept: true });

  it("and runs again is restored rather than stopped where it is to run", () => {
    const record = recordOf({ wanted: revisionOf("r2", { givenUp }), fallback: settled });
    expect(planned(record, seen(exitedOf("r2", 1), keptFirst))).toMatchObject({ kind: "restore" });
  });

  it("and runs alone is no second one", () => {
    const record = recordOf({ wanted: revisionOf("r2"), fallback: settled });
    expect(planned(record, seen(keptFirst)).kind).toBe("replace");
  });

  it("goes once the wanted revision has settled, also where nothing was to fall back to", () => {
    const record = recordOf({ wanted: settled });
    const old = exitedOf("r0", 0, { kept: true });
    expect(planned(record, seen(instanceOf("r1"), old)).kind).toBe("retire");
    expect(planned({ ...record, leftovers: true }, seen(instanceOf("r1"))).kind).toBe("retire");
    const fallback = revisionOf("r0", { settled: true });
    expect(planned({ ...record, fallback }, seen(instanceOf("r1"))).kind).toBe("retire");
  });
});

describe("what was given up", () => {
  it("is not prepared while it is to be stopped", () => {
    const wanted = { ...freshRevision("r1"), givenUp };
    expect(planned(recordOf({ desired: "stopped", wanted }), seen()).kind).toBe("settled");
  });

  it("is said of a fallback that can never run", () => {
    const fallback = { ...settled, trial: trialOf({ failure: failureOf("INVALID_SPEC", false) }) };
    const record = recordOf({ wanted: revisionOf("r2", { givenUp }), fallback });
    expect(planned(record, seen())).toMatchObject({ kind: "giveUp", target: "fallback" });
  });
});

describe("a revision that failed before", () => {
  it("has yet to stay up until its failures are forgotten", () => {
    const wanted = { ...settled, trial: trialOf() };
    expect(planned(recordOf({ wanted }), seen(instanceOf("r1"))).kind).toBe("wait");
    const unproven = { ...settled, unproven: true };
    expect(planned(recordOf({ wanted: unproven }), seen(instanceOf("r1"))).kind).toBe("wait");
  });
});

describe("the cause of giving up", () => {
  it.each<readonly [string, Partial<Revision>, Observation, boolean]>([
    ["runs", {}, seen(instanceOf("r1")), true],
    ["is to be restored", {}, seen(exitedOf("r2", 1), exitedOf("r1", 0, { kept: true })), true],
    ["was given up as well", { givenUp: failureOf("EXITED", false) }, seen(), false],
    ["has completed", { completed: true }, seen(exitedOf("r1", 0, { kept: true })), false],
    ["may be started once, and was", { restart: { kind: "no" } }, seen(exitedOf("r1", 1)), false],
    ["may be started once, and is up", { restart: { kind: "no" } }, seen(instanceOf("r1")), true],
  ])("says what runs instead where it cannot run and the last settled one %s", (...row) => {
    const [, overrides, observation, isNamed] = row;
    const final = trialOf({ failure: failureOf("INVALID_SPEC", false) });
    const wanted = revisionOf("r2", { trial: final });
    const fallback = { ...settled, ...overrides };
    const { cause } = planNextStep(recordOf({ wanted, fallback }), observation, policy, nowMs);
    expect(cause).toBe(
      isNamed
        ? "revision r2 cannot run (because of INVALID_SPEC); revision r1 runs instead"
        : "because of INVALID_SPEC",
    );
  });
});
