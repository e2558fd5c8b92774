import { describe, expect, it } from "vitest";
import { absorbObservation } from "../../src/domain/absorb-observation.ts";
import type { Observation } from "../../src/domain/observation.ts";
import { withIntent } from "../../src/domain/record-transitions.ts";
import type { RuntimeStep } from "../../src/domain/step.ts";
import { type StepOutcome, withOutcome } from "../../src/domain/step-outcome.ts";
import type { WorkloadRecord } from "../../src/domain/workload-record.ts";
import {
  contextAt,
  exitedOf,
  failureOf,
  instanceOf,
  nowMs,
  recordOf,
  revisionOf,
  seen,
  unreadable,
} from "./builders.ts";

const cause = "a test";
const done: StepOutcome = { kind: "done" };
const intent = { step: "prepare", cause, atMs: nowMs };
const prepare: RuntimeStep = { kind: "prepare", target: "wanted", cause };
const start: RuntimeStep = { kind: "start", target: "wanted", cause };
const unprepared = recordOf({ wanted: revisionOf("r1", { prepared: false }) });

const failed = (effect: "none" | "unknown"): StepOutcome => ({
  kind: "failed",
  failed: { failure: failureOf("RUNTIME_ERROR"), effect, retryAfterMs: 0 },
});

function after(
  record: WorkloadRecord,
  planned: WorkloadRecord,
  step: RuntimeStep,
  outcome: StepOutcome = done,
): WorkloadRecord {
  return withOutcome({ ...record, intent }, planned, { step, outcome }, contextAt());
}

describe("an outcome in the generation it was planned for", () => {
  it("that was called off leaves everything as it was", () => {
    expect(after(unprepared, unprepared, prepare, { kind: "cancelled" })).toEqual(unprepared);
  });

  it("of a prepare that failed without an effect keeps what was counted meanwhile", () => {
    const counted = { ...unprepared, wanted: { ...unprepared.wanted, ends: 3 } };
    expect(after(counted, unprepared, prepare, failed("none")).wanted).toMatchObject({
      ends: 3,
      trial: { attempts: 1 },
    });
  });

  it("of a start that may have had an effect keeps what was counted, of one without does not", () => {
    const counted = recordOf({ wanted: revisionOf("r1", { starts: 1 }) });
    expect(after(counted, recordOf(), start, failed("unknown")).wanted.starts).toBe(1);
    const undone = after(counted, recordOf(), start, failed("none"));
    expect(undone.wanted.starts).toBe(0);
    expect(undone).not.toHaveProperty("fallback");
  });
});

describe("a replacement that set right what goes on", () => {
  const replace: RuntimeStep = { kind: "replace", target: "wanted", cause };
  const drifted = recordOf({ wanted: revisionOf("r1", { starts: 1 }) });
  const before = seen(instanceOf("r1", { drift: ["memory"] }));
  const planned = { ...drifted, observation: before };
  const intended = withIntent(planned, replace, before, nowMs);
  const endedOf = (observation: Observation, outcome: StepOutcome = done): WorkloadRecord =>
    withOutcome(intended, planned, { step: replace, outcome, after: observation }, contextAt());

  it("leaves the end of that run to be judged, and of no other", () => {
    expect(intended.wanted.accountedRun).toBe("run-of-r1");
    const same = endedOf(seen(instanceOf("r1")));
    expect(same.wanted).not.toHaveProperty("accountedRun");
    const exited = seen(exitedOf("r1", 1));
    expect(absorbObservation(same, exited, contextAt()).wanted.ends).toBe(1);
    const made = endedOf(seen(instanceOf("r1", { run: "another run" })));
    expect(made.wanted.accountedRun).toBe("run-of-r1");
  });

  it("does not where it may not be done, or was not looked at", () => {
    const accounted = { accountedRun: "run-of-r1" };
    expect(endedOf(seen(instanceOf("r1")), failed("unknown")).wanted).toMatchObject(accounted);
    expect(endedOf(unreadable).wanted).toMatchObject(accounted);
    expect(endedOf(seen(exitedOf("r1", 0))).wanted).toMatchObject(accounted);
  });
});

describe("an outcome after its generation", () => {
  const later = { ...unprepared, generation: 2 };

  it("that failed or was called off is forgotten", () => {
    for (const outcome of [failed("none"), failed("unknown"), { kind: "cancelled" }] as const)
      expect(after(later, unprepared, prepare, outcome)).toEqual(later);
  });

  it("of a removal counts while the deletion is wanted, and not otherwise", () => {
    const remove: RuntimeStep = { kind: "remove", cause };
    expect(after({ ...later, desired: "deleted" }, unprepared, remove).removed).toBe(true);
    expect(after(later, unprepared, remove).removed).toBe(false);
  });

  it("of a prepare counts for the same revision and spec only", () => {
    const isPrepared = (wanted: Partial<typeof later.wanted>): boolean =>
      after({ ...later, wanted: { ...later.wanted, ...wanted } }, unprepared, prepare).wanted
        .prepared;
    expect(isPrepared({})).toBe(true);
    expect(isPrepared({ revisionId: "r2" })).toBe(false);
    expect(isPrepared({ digest: revisionOf("other").digest })).toBe(false);
  });

  it("of a prepare for the fallback, and of a start, says nothing any more", () => {
    const ofFallback: RuntimeStep = { kind: "prepare", target: "fallback", cause };
    const fallback = revisionOf("r0", { settled: true, prepared: false });
    const record = { ...later, fallback };
    expect(after(record, { ...unprepared, fallback }, ofFallback)).toEqual(record);
    const tried = {
      ...later,
      wanted: { ...later.wanted, trial: { ...later.wanted.trial, open: true } },
    };
    expect(after(tried, unprepared, start).wanted.trial.open).toBe(true);
  });
});
