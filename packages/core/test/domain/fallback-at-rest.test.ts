import { describe, expect, it } from "vitest";
import { absorbObservation } from "../../src/domain/absorb-observation.ts";
import { type ApplyDecision, decideApply } from "../../src/domain/decide-apply.ts";
import type { Observation } from "../../src/domain/observation.ts";
import { planNextStep } from "../../src/domain/plan-next-step.ts";
import { afterSuccess, withIntent } from "../../src/domain/record-transitions.ts";
import type { Step } from "../../src/domain/step.ts";
import type { WorkloadRecord } from "../../src/domain/workload-record.ts";
import {
  contextAt,
  exitedOf,
  failureOf,
  instanceOf,
  nowMs,
  policy,
  recordOf,
  revisionOf,
  seen,
  trialOf,
  wishOf,
} from "./builders.ts";
import { freshRevision } from "./model-revisions.ts";

const settled = revisionOf("r1", { settled: true, starts: 1 });

function changedBy(decision: ApplyDecision): WorkloadRecord {
  if (decision.kind !== "change") throw new Error(`expected a change, got ${decision.kind}`);
  return decision.record;
}

function planned(record: WorkloadRecord, observation: Observation): Step {
  const absorbed = absorbObservation({ ...record, observation }, observation, contextAt());
  return planNextStep(absorbed, observation, policy, nowMs);
}

describe("what was stopped and is to run as another revision", () => {
  const stopped = recordOf({ desired: "stopped", wanted: settled });
  const second = changedBy(decideApply(stopped, wishOf("r2")));

  it("keeps the last settled one down while the wanted one is prepared, also through another update", () => {
    expect(second.fallback).toMatchObject({ revisionId: "r1", resting: true });
    const third = changedBy(decideApply(second, wishOf("r3")));
    expect(third.fallback).toMatchObject({ revisionId: "r1", resting: true });
  });

  it("has it as the one to fall back to again once that is begun or given up, or somebody has started it", () => {
    const again = { cause: "", target: "wanted" } as const;
    const failure = failureOf("IMAGE_NOT_FOUND", false);
    const down = seen(exitedOf("r1", 0));
    const prepared = afterSuccess(second, { ...again, kind: "prepare" });
    expect(prepared.fallback).toMatchObject({ resting: true });
    const begun = withIntent(prepared, { ...again, kind: "replace" }, down, nowMs);
    expect(begun.fallback).not.toHaveProperty("resting");
    const up = seen(instanceOf("r1"));
    expect(absorbObservation(second, down, contextAt()).fallback).toMatchObject({ resting: true });
    expect(absorbObservation(second, up, contextAt()).fallback).not.toHaveProperty("resting");
    const stopping = { ...second, intent: { step: "stop", cause: "", atMs: nowMs } };
    expect(absorbObservation(stopping, up, contextAt()).fallback).toMatchObject({ resting: true });
    expect(afterSuccess(second, { ...again, kind: "giveUp", failure }).fallback).not.toHaveProperty(
      "resting",
    );
  });

  it("keeps nothing down that was not stopped yet, but for a stop that is under way", () => {
    const runs = { ...stopped, observation: seen(instanceOf("r1")) };
    expect(changedBy(decideApply(runs, wishOf("r2"))).fallback).not.toHaveProperty("resting");
    const stopping = { ...runs, intent: { step: "stop", cause: "", atMs: nowMs } };
    const update = changedBy(decideApply(stopping, wishOf("r2")));
    expect(update.fallback).toMatchObject({ resting: true });
  });

  it("does not take for anew what has completed, as long as it is not to run itself", () => {
    const completed = { ...settled, completed: true };
    const job = recordOf({ desired: "running", wanted: completed });
    const want = { ...wishOf("r1"), revision: undefined, revisionId: "" };
    const down = changedBy(decideApply(job, { ...want, desired: "stopped" }));
    const update = changedBy(decideApply(down, wishOf("r2")));
    expect(update.fallback).toMatchObject({ revisionId: "r1", completed: true });
    expect(changedBy(decideApply(down, want)).wanted).toMatchObject({ completed: false });
    expect(changedBy(decideApply(update, { ...wishOf("r1") })).wanted).toMatchObject({
      completed: true,
    });
  });

  it("keeps nothing down that runs, or that is to stay stopped", () => {
    const running = { ...stopped, desired: "running" } as const;
    const update = changedBy(decideApply(running, wishOf("r2")));
    expect(update.fallback).not.toHaveProperty("resting");
    const down = changedBy(decideApply(stopped, { ...wishOf("r2"), desired: "stopped" }));
    expect(down.fallback).not.toHaveProperty("resting");
    const up = changedBy(decideApply(down, wishOf("r2")));
    expect(up.fallback).toMatchObject({ revisionId: "r1", resting: true });
  });

  it("is the last settled one as it was when that is applied again", () => {
    const back = changedBy(decideApply(second, wishOf("r1")));
    expect(back.wanted).not.toHaveProperty("resting");
    expect(back).not.toHaveProperty("fallback");
  });
});

describe("an update of what is down", () => {
  const notSettled = revisionOf("r2", { starts: 3, trial: trialOf({ attempts: 3 }) });
  const update = recordOf({ wanted: freshRevision("r2"), fallback: settled });
  const preparedUpdate = recordOf({ wanted: revisionOf("r2"), fallback: settled });
  const down = seen(exitedOf("r1", 0));

  it("leaves the old revision down that was stopped until the new one is given up", () => {
    const record = { ...update, fallback: { ...settled, resting: true } };
    const prepare = { kind: "prepare", target: "wanted" };
    expect(planned(record, seen(exitedOf("r1", 0)))).toMatchObject(prepare);
    expect(planned(record, seen())).toMatchObject(prepare);
    const trial = trialOf({ attempts: 9, notBeforeMs: nowMs + 1_000 });
    const failing = { ...record, wanted: { ...freshRevision("r2"), trial } };
    expect(planned(failing, seen(exitedOf("r1", 0))).kind).toBe("wait");
  });

  it("is given up after three attempts that changed nothing, so that the old revision runs", () => {
    const record = { ...preparedUpdate, wanted: notSettled };
    const step = planned(record, down);
    expect(step).toMatchObject({ kind: "giveUp", target: "wanted" });
    expect(step.cause).toBe(
      "revision r2 did not settle (because of RUNTIME_ERROR); revision r1 runs instead",
    );
  });

  it("is tried on where the old revision would not run either", () => {
    const completed = { ...settled, completed: true };
    const once = { ...settled, restart: { kind: "no" } } as const;
    const givenUp = failureOf("RUNTIME_ERROR", false);
    for (const fallback of [completed, once, { ...settled, givenUp }])
      expect(planned({ ...preparedUpdate, fallback, wanted: notSettled }, down).kind).toBe(
        "replace",
      );
  });

  it("says nothing of what runs instead while nothing is to run", () => {
    const trial = trialOf({ failure: failureOf("IMAGE_NOT_FOUND", false) });
    const record = { ...update, wanted: { ...freshRevision("r2"), trial } };
    expect(planned({ ...record, desired: "stopped" }, down).cause).toBe(
      "because of IMAGE_NOT_FOUND",
    );
    expect(planned(record, down).cause).toContain("revision r1 runs instead");
  });
});
