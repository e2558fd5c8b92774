import { describe, expect, it } from "vitest";
import { absorbObservation } from "../../src/domain/absorb-observation.ts";
import type { FailureReason } from "../../src/domain/failure.ts";
import {
  afterCancellation,
  afterFailure,
  afterSuccess,
  type FailedStep,
  mayStartUncommitted,
  withIntent,
} from "../../src/domain/record-transitions.ts";
import type { RuntimeStep, Step } from "../../src/domain/step.ts";
import { type StepOutcome, withOutcome } from "../../src/domain/step-outcome.ts";
import type { Revision, WorkloadRecord } from "../../src/domain/workload-record.ts";
import {
  contextAt,
  exitedOf,
  failureOf,
  instanceOf,
  nowMs,
  recordOf,
  revisionOf,
  seen,
  trialOf,
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

describe("the start that an intent counts", () => {
  const restoreStep: RuntimeStep = { kind: "restore", target: "fallback", cause: "a test" };
  const update = recordOf({
    wanted: revisionOf("r2", { starts: 2 }),
    fallback: revisionOf("r1", { starts: 4, ends: 3, settled: true, trial: trialOf() }),
  });

  it("is one of the revision it is meant for", () => {
    const observation = seen(exitedOf("r2", 1), exitedOf("r1", 0, { kept: true }));
    const after = withIntent(update, restoreStep, observation, nowMs);
    expect(after.wanted).toEqual(update.wanted);
    expect(after.fallback).toMatchObject({ starts: 5, accountedRun: "run-of-r1" });
  });

  it("is counted for nobody where there is no such revision", () => {
    const record = recordOf();
    const after = withIntent(record, restoreStep, seen(), nowMs);
    expect(after).toEqual({ ...record, intent: after.intent });
  });

  it("forgets which end was counted where no instance of the revision is there", () => {
    const record = recordOf({ wanted: revisionOf("r1", { starts: 1, accountedRun: "run-0" }) });
    const from = [seen(), seen(instanceOf("r1", { uid: "uid-0" })), seen(exitedOf("r0", 1))];
    for (const observation of from)
      expect(withIntent(record, startStep, observation, nowMs).wanted).not.toHaveProperty(
        "accountedRun",
      );
  });

  it("takes the end of what was to be started again for counted", () => {
    const record = recordOf({ wanted: revisionOf("r1", { starts: 1 }) });
    const after = withIntent(record, startStep, seen(exitedOf("r1", 1)), nowMs);
    expect(after.wanted).toMatchObject({ starts: 2, accountedRun: "run-of-r1" });
    const drifted = withIntent(record, replaceStep, seen(instanceOf("r1")), nowMs);
    expect(drifted.wanted).toMatchObject({ starts: 2, accountedRun: "run-of-r1" });
  });

  it("sets the old revision aside as if it had never been started", () => {
    const after = withIntent(update, replaceStep, seen(instanceOf("r1")), nowMs);
    expect(after.fallback).toMatchObject({
      starts: 0,
      ends: 0,
      trial: { attempts: 0 },
      accountedRun: "run-of-r1",
    });
    const elsewhere = withIntent(update, replaceStep, seen(instanceOf("r2")), nowMs);
    expect(elsewhere.fallback).toEqual(update.fallback);
  });

  it("leaves revisions alone that do not run when it is to stop", () => {
    const after = withIntent(update, stopStep, seen(instanceOf("r2")), nowMs);
    expect(after.wanted.accountedRun).toBe("run-of-r2");
    expect(after.fallback).toEqual(update.fallback);
    expect(withIntent(recordOf(), stopStep, seen(), nowMs)).not.toHaveProperty("fallback");
  });
});

describe("a step that succeeded", () => {
  const tried = recordOf({
    wanted: revisionOf("r1", { prepared: false, trial: trialOf({ open: true }) }),
    fallback: revisionOf("r0", { settled: true, trial: trialOf({ open: true }) }),
    chore: trialOf({ open: true }),
    leftovers: true,
    desired: "deleted",
  });
  const after = (step: Step): WorkloadRecord => afterSuccess({ ...tried, intent }, step);
  const intent = { step: "any", cause: "a test", atMs: nowMs };
  const cause = "a test";

  it("is under way no more", () => {
    expect(after({ kind: "settled", cause })).toEqual(tried);
    expect(after({ kind: "wait", cause, untilMs: nowMs })).toEqual(tried);
    expect(after({ kind: "forget", cause })).toEqual(tried);
    expect(afterSuccess(tried, { kind: "settled", cause })).toBe(tried);
    expect(afterCancellation({ ...tried, intent })).toEqual(tried);
  });

  it("leaves what it was for behind", () => {
    expect(after(prepareStep).wanted).toMatchObject({ prepared: true, trial: { open: false } });
    expect(after(startStep).wanted.trial.open).toBe(false);
    const restored = after({ kind: "restore", target: "fallback", cause });
    expect(restored.fallback?.trial.open).toBe(false);
    expect(restored.wanted.trial.open).toBe(true);
    expect(after({ kind: "retire", cause })).toMatchObject({
      leftovers: false,
      chore: { attempts: 0 },
    });
    expect(after(stopStep)).toMatchObject({ leftovers: true, chore: { attempts: 0 } });
    expect(after({ kind: "remove", cause })).toMatchObject({
      removed: true,
      chore: { attempts: 0 },
    });
    const failure = failureOf("NOT_SETTLED", false);
    const givenUp = after({ kind: "giveUp", target: "wanted", cause, failure });
    expect(givenUp.wanted.givenUp).toEqual(failure);
    expect(givenUp.fallback).not.toHaveProperty("givenUp");
  });

  it("changes nothing of a revision that is not there", () => {
    const record = recordOf();
    expect(afterSuccess(record, { kind: "start", target: "fallback", cause })).toBe(record);
  });
});

describe("a step that failed", () => {
  const cause = "a test";
  const failed = (reason: FailureReason, retryable = true): FailedStep => ({
    failure: failureOf(reason, retryable),
    effect: "unknown",
    retryAfterMs: 0,
  });
  const afterFailed = (
    record: WorkloadRecord,
    step: Step,
    how: FailedStep = failed("RUNTIME_ERROR"),
  ): WorkloadRecord => afterFailure(record, step, how, contextAt());

  it("is held against what it was for", () => {
    const record = recordOf({ fallback: revisionOf("r0", { settled: true }) });
    expect(afterFailed(record, prepareStep).wanted.trial.attempts).toBe(1);
    const restore: Step = { kind: "restore", target: "fallback", cause };
    const restored = afterFailed(record, restore);
    expect(restored.fallback?.trial.attempts).toBe(1);
    expect(restored.wanted.trial.attempts).toBe(0);
    for (const kind of ["stop", "remove", "retire"] as const) {
      const after = afterFailed(record, { kind, cause }, failed("TIMEOUT", false));
      expect(after.chore).toMatchObject({ attempts: 1, failure: { retryable: true } });
    }
    expect(afterFailed(record, { kind: "settled", cause })).toBe(record);
    expect(afterFailed(record, { kind: "wait", cause, untilMs: nowMs })).toBe(record);
    expect(afterFailed(record, { kind: "forget", cause })).toBe(record);
  });

  it("with NOT_PREPARED is prepared again, and tried again whatever was said of it", () => {
    const after = afterFailed(recordOf(), startStep, failed("NOT_PREPARED", false));
    expect(after.wanted).toMatchObject({
      prepared: false,
      trial: { failure: { reason: "NOT_PREPARED", retryable: true } },
    });
    expect(afterFailed(recordOf(), startStep).wanted.prepared).toBe(true);
  });

  it("takes the absence after it for counted only where a start may be what is missing", () => {
    const accountedAfter = (overrides: Partial<Revision>): string | undefined =>
      afterFailed(recordOf({ wanted: revisionOf("r1", overrides) }), startStep).wanted.accountedRun;
    expect(accountedAfter({ starts: 2 })).toBe("absent#2");
    expect(accountedAfter({ starts: 0 })).toBeUndefined();
    expect(accountedAfter({ starts: 2, restart: { kind: "no" } })).toBeUndefined();
    expect(accountedAfter({ starts: 2, accountedRun: "run-1" })).toBe("run-1");
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
