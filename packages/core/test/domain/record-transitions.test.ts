import { describe, expect, it } from "vitest";
import { absorbObservation } from "../../src/domain/absorb-observation.ts";
import { mayStartUncommitted, withIntent } from "../../src/domain/record-transitions.ts";
import type { RuntimeStep } from "../../src/domain/step.ts";
import { type StepOutcome, withOutcome } from "../../src/domain/step-outcome.ts";
import type { FailedStep } from "../../src/domain/record-transitions.ts";
import {
  contextAt,
  exitedOf,
  failureOf,
  instanceOf,
  nowMs,
  recordOf,
  revisionOf,
  seen,
} from "./builders.ts";

const startStep: RuntimeStep = { kind: "start", target: "wanted", cause: "a test" };
const replaceStep: RuntimeStep = { kind: "replace", target: "wanted", cause: "a test" };
const stopStep: RuntimeStep = { kind: "stop", cause: "a test" };
const prepareStep: RuntimeStep = { kind: "prepare", target: "wanted", cause: "a test" };
const job = { kind: "on-failure", maxRetries: 0 } as const;

function failing(effect: FailedStep["effect"]): StepOutcome {
  return {
    kind: "failed",
    failed: { failure: failureOf("RUNTIME_ERROR"), effect, retryAfterMs: 0 },
  };
}

describe("an intent", () => {
  it("counts a start before it is made, so that a crash counts one too many, never one too few", () => {
    const intended = withIntent(recordOf(), startStep, seen(), nowMs);
    expect(intended.wanted.starts).toBe(1);
    expect(intended.intent).toEqual({ step: "start", cause: "a test", atMs: nowMs });
  });

  it("to resume what is paused leaves the end of that run to be counted", () => {
    const paused = seen(instanceOf("r1", { state: "paused" }));
    const once = recordOf({ wanted: revisionOf("r1", { restart: { kind: "no" }, starts: 1 }) });
    const resumed = withIntent(once, startStep, paused, nowMs);
    expect(absorbObservation(resumed, seen(exitedOf("r1", 1)), contextAt()).wanted.ends).toBe(1);
  });

  it("to stop makes the end that follows no unexpected one, and no completion", () => {
    const record = recordOf({ wanted: revisionOf("r1", { restart: job, starts: 1 }) });
    const stopping = withIntent(record, stopStep, seen(instanceOf("r1")), nowMs);
    const after = absorbObservation(stopping, seen(exitedOf("r1", 0)), contextAt());
    expect(after.wanted).toMatchObject({ ends: 0, completed: false });
  });

  it("to replace makes the end of the old revision no unexpected one", () => {
    const record = recordOf({
      wanted: revisionOf("r2"),
      fallback: revisionOf("r1", { restart: job, starts: 1, settled: true }),
    });
    const replacing = withIntent(record, replaceStep, seen(instanceOf("r1")), nowMs);
    const lost = { ...replacing, wanted: { ...replacing.wanted, prepared: false } };
    const after = absorbObservation(lost, seen(exitedOf("r1", 0)), contextAt());
    expect(after.fallback).toMatchObject({ ends: 0, completed: false, starts: 0 });
  });
});

describe("an outcome", () => {
  it("of a start that is known not to have happened counts no start", () => {
    const planned = recordOf();
    const intended = withIntent(planned, startStep, seen(), nowMs);
    const ended = { step: startStep, outcome: failing("none") };
    const after = withOutcome(intended, planned, ended, contextAt());
    expect(after.wanted).toMatchObject({ starts: 0, trial: { attempts: 1, open: true } });
    expect(after).not.toHaveProperty("intent");
  });

  it("of a replacement that is known not to have happened leaves the old run to be judged by its end", () => {
    const planned = recordOf({
      wanted: revisionOf("r2"),
      fallback: revisionOf("r1", { restart: job, starts: 1, settled: true }),
    });
    const intended = withIntent(planned, replaceStep, seen(instanceOf("r1")), nowMs);
    const ended = { step: replaceStep, outcome: failing("none") };
    expect(withOutcome(intended, planned, ended, contextAt()).fallback).toEqual(planned.fallback);
  });

  it("of a start that may have happened takes the absence after it for the same failure", () => {
    const planned = recordOf();
    const intended = withIntent(planned, startStep, seen(), nowMs);
    const ended = { step: startStep, outcome: failing("unknown") };
    const after = withOutcome(intended, planned, ended, contextAt());
    expect(absorbObservation(after, seen(), contextAt()).wanted).toMatchObject({
      ends: 0,
      trial: { attempts: 1 },
    });
  });

  it("of an earlier generation is kept only where it cannot be untrue", () => {
    const planned = recordOf({ wanted: revisionOf("r1", { prepared: false }) });
    const later = { ...planned, generation: 2 };
    const done = { kind: "done" } as const;
    const prepared = withOutcome(later, planned, { step: prepareStep, outcome: done }, contextAt());
    expect(prepared.wanted.prepared).toBe(true);
    const other = { ...later, wanted: revisionOf("r2", { prepared: false }) };
    const unprepared = withOutcome(
      other,
      planned,
      { step: prepareStep, outcome: done },
      contextAt(),
    );
    expect(unprepared.wanted.prepared).toBe(false);
    const failed = { step: startStep, outcome: failing("unknown") };
    expect(withOutcome(later, planned, failed, contextAt()).wanted.trial.attempts).toBe(0);
  });

  it("of a creation that is gone changes nothing", () => {
    const next = recordOf({ uid: "uid-2" });
    const ended = { step: { kind: "remove", cause: "a test" }, outcome: { kind: "done" } } as const;
    expect(withOutcome(next, recordOf({ desired: "deleted" }), ended, contextAt())).toBe(next);
  });

  it("that was called off is held against nobody", () => {
    const planned = recordOf();
    const ended = { step: prepareStep, outcome: { kind: "cancelled" } } as const;
    const intended = withIntent(planned, prepareStep, seen(), nowMs);
    expect(withOutcome(intended, planned, ended, contextAt())).toEqual(planned);
  });

  it("of a stop that fails for good is tried again all the same: stop, remove and retire never give up", () => {
    const planned = recordOf({ desired: "stopped" });
    const outcome: StepOutcome = {
      kind: "failed",
      failed: { failure: failureOf("INVALID_SPEC", false), effect: "unknown", retryAfterMs: 0 },
    };
    const after = withOutcome(planned, planned, { step: stopStep, outcome }, contextAt());
    expect(after.chore.failure?.retryable).toBe(true);
  });
});

describe("without a commit", () => {
  it("only a start of what is to run is taken, and not where one start is all there may be", () => {
    expect(mayStartUncommitted(recordOf(), startStep)).toBe(true);
    expect(mayStartUncommitted(recordOf(), replaceStep)).toBe(false);
    expect(mayStartUncommitted(recordOf(), stopStep)).toBe(false);
    expect(mayStartUncommitted(recordOf(), { ...startStep, target: "fallback" })).toBe(false);
    const once = recordOf({ wanted: revisionOf("r1", { restart: { kind: "no" } }) });
    expect(mayStartUncommitted(once, startStep)).toBe(false);
  });
});
