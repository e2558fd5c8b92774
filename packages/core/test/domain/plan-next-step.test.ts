import { describe, expect, it } from "vitest";
import { absorbObservation } from "../../src/domain/absorb-observation.ts";
import type { Observation } from "../../src/domain/observation.ts";
import { type PlanPolicy, planNextStep } from "../../src/domain/plan-next-step.ts";
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
  unreadable,
} from "./builders.ts";
import { freshRevision } from "./model-revisions.ts";

function planned(
  record: WorkloadRecord,
  observation: Observation,
  more: Partial<PlanPolicy> = {},
): Step {
  const absorbed = absorbObservation({ ...record, observation }, observation, contextAt());
  return planNextStep(absorbed, observation, { ...policy, ...more }, nowMs);
}

const settled = revisionOf("r1", { settled: true, starts: 1 });
const notSettled = revisionOf("r2", { starts: 3, trial: trialOf({ attempts: 3 }) });
const update = recordOf({ wanted: freshRevision("r2"), fallback: settled });
const preparedUpdate = recordOf({ wanted: revisionOf("r2"), fallback: settled });
const keptFirst = exitedOf("r1", 0, { kept: true });

describe("from what cannot be read", () => {
  it.each(["running", "stopped", "deleted"] as const)(
    "the plan is only to wait, wanted %s (I4)",
    (desired) => {
      expect(
        planNextStep(recordOf({ desired, removed: true }), unreadable, policy, nowMs).kind,
      ).toBe("wait");
    },
  );
});

describe("wanted stopped", () => {
  const stopped = recordOf({ desired: "stopped" });

  it.each([
    ["nothing", seen(), "settled"],
    ["an ended instance", seen(exitedOf("r1", 0)), "settled"],
    ["an ended instance of another revision", seen(exitedOf("r0", 0)), "settled"],
    ["an instance never started", seen(instanceOf("r1", { state: "created" })), "settled"],
    ["a running one", seen(instanceOf("r1")), "stop"],
    ["a running one of another revision", seen(instanceOf("r0")), "stop"],
    ["a paused one", seen(instanceOf("r1", { state: "paused" })), "stop"],
    ["one on its way up", seen(instanceOf("r1", { state: "starting" })), "stop"],
    ["one on its way down", seen(instanceOf("r1", { state: "stopping" })), "stop"],
    ["a running kept one", seen(exitedOf("r2", 0), instanceOf("r1", { kept: true })), "stop"],
  ])("from %s", (_, observation, kind) => {
    expect(planned(stopped, observation).kind).toBe(kind);
  });

  it("prepares a new revision now and makes it at the next start", () => {
    const record = { ...update, desired: "stopped" } as const;
    expect(planned(record, seen(exitedOf("r1", 0)))).toMatchObject({
      kind: "prepare",
      target: "wanted",
    });
    const ready = { ...preparedUpdate, desired: "stopped" } as const;
    expect(planned(ready, seen(exitedOf("r1", 0))).kind).toBe("settled");
    expect(planned(preparedUpdate, seen(exitedOf("r1", 0))).kind).toBe("replace");
  });

  it("stops before it prepares", () => {
    expect(planned({ ...update, desired: "stopped" }, seen(instanceOf("r1"))).kind).toBe("stop");
  });

  it("never gives up to stop, and waits out its back-off", () => {
    const chore = trialOf({
      attempts: 100,
      notBeforeMs: nowMs + 5_000,
      failure: failureOf("TIMEOUT", false),
    });
    expect(planned({ ...stopped, chore }, seen(instanceOf("r1")))).toMatchObject({
      kind: "wait",
      untilMs: nowMs + 5_000,
    });
  });
});

describe("wanted deleted", () => {
  const deleted = recordOf({ desired: "deleted" });

  it("is removed whatever is there, also where nothing is seen: something half-made may be", () => {
    expect(planned(deleted, seen()).kind).toBe("remove");
    expect(planned(deleted, seen(instanceOf("r1"), keptFirst)).kind).toBe("remove");
  });

  it("is forgotten only once it was removed and absence was seen after it (I8)", () => {
    expect(planned({ ...deleted, removed: true }, seen()).kind).toBe("forget");
    expect(planned({ ...deleted, removed: true }, seen(exitedOf("r1", 0))).kind).toBe("remove");
  });
});

describe("an update", () => {
  it("is prepared while the old revision runs", () => {
    expect(planned(update, seen(instanceOf("r1")))).toMatchObject({
      kind: "prepare",
      target: "wanted",
    });
  });

  it("heals the old revision first while the new one is not prepared", () => {
    expect(planned(update, seen(exitedOf("r1", 1)))).toMatchObject({
      kind: "start",
      target: "fallback",
    });
    expect(planned(update, seen())).toMatchObject({ kind: "start", target: "fallback" });
  });

  it("does not start a revision meanwhile that may be started only once, be it stopped, ended or gone", () => {
    const once = revisionOf("r1", { restart: { kind: "no" }, settled: true });
    const record = { ...update, fallback: once };
    const stoppedRun = { ...once, accountedRun: "run-of-r1" };
    expect(planned({ ...record, fallback: stoppedRun }, seen(exitedOf("r1", 0)))).toMatchObject({
      kind: "prepare",
      target: "wanted",
    });
    expect(planned(record, seen())).toMatchObject({ kind: "prepare", target: "wanted" });
    expect(planned(record, seen(keptFirst))).toMatchObject({ kind: "prepare", target: "wanted" });
    const givenUp = failureOf("NOT_SETTLED", false);
    const failed = { ...record, wanted: revisionOf("r2", { givenUp }) };
    expect(planned(failed, seen(keptFirst))).toMatchObject({ kind: "restore", target: "fallback" });
    expect(planned(failed, seen()).kind).toBe("settled");
  });

  it("replaces only once it is prepared", () => {
    expect(planned(preparedUpdate, seen(instanceOf("r1")))).toMatchObject({
      kind: "replace",
      target: "wanted",
    });
  });

  it("is not given up because its prepare fails for a time, not even while nothing runs", () => {
    const wanted = {
      ...freshRevision("r2"),
      trial: trialOf({ attempts: 9, notBeforeMs: nowMs + 1_000 }),
    };
    expect(planned({ ...update, wanted }, seen()).kind).toBe("start");
  });

  it("is given up when its prepare can never succeed, and the old revision keeps running", () => {
    const trial = trialOf({ failure: failureOf("IMAGE_NOT_FOUND", false) });
    const step = planned(
      { ...update, wanted: { ...freshRevision("r2"), trial } },
      seen(instanceOf("r1")),
    );
    expect(step).toMatchObject({
      kind: "giveUp",
      target: "wanted",
      failure: { reason: "IMAGE_NOT_FOUND" },
    });
    expect(step.cause).toMatch(/r2.*IMAGE_NOT_FOUND.*r1/);
  });

  it("retires the old revision once the new one has settled, not before", () => {
    const running = { ...preparedUpdate, wanted: revisionOf("r2", { starts: 1 }) };
    const young = instanceOf("r2", { startedAtMs: nowMs - 5_000 });
    expect(planned(running, seen(young, keptFirst))).toMatchObject({
      kind: "wait",
      untilMs: nowMs + 5_000,
    });
    expect(planned(running, seen(instanceOf("r2"), keptFirst)).kind).toBe("retire");
  });

  it("gives way after three attempts that did not settle, naming both revisions", () => {
    const record = { ...preparedUpdate, wanted: notSettled };
    const step = planned(
      { ...record, wanted: { ...notSettled, accountedRun: "run-of-r2" } },
      seen(exitedOf("r2", 1), keptFirst),
    );
    expect(step).toMatchObject({
      kind: "giveUp",
      failure: { reason: "NOT_SETTLED", retryable: false },
    });
    expect(step.cause).toMatch(/r2.*r1/);
  });

  it("gives way when it is unhealthy past its grace", () => {
    const step = planned(
      { ...preparedUpdate, wanted: revisionOf("r2", { starts: 1 }) },
      seen(instanceOf("r2", { health: "unhealthy" }), keptFirst),
    );
    expect(step).toMatchObject({ kind: "giveUp", target: "wanted" });
  });

  it("never gives way under the policy keep-trying", () => {
    const wanted = { ...notSettled, accountedRun: "run-of-r2" };
    const step = planned({ ...preparedUpdate, wanted }, seen(exitedOf("r2", 1), keptFirst), {
      updatePolicy: "keep-trying",
    });
    expect(step).toMatchObject({ kind: "start", target: "wanted" });
  });

  it("does not give way because the runtime is out of reach", () => {
    const outage = { ...notSettled.trial, failure: failureOf("RUNTIME_UNAVAILABLE") };
    const wanted = { ...notSettled, trial: outage, accountedRun: "run-of-r2" };
    const step = planned({ ...preparedUpdate, wanted }, seen(exitedOf("r2", 1), keptFirst));
    expect(step).toMatchObject({ kind: "start", target: "wanted" });
  });

  it("is tried on while the old revision still runs, however often its start fails before that", () => {
    const step = planned({ ...preparedUpdate, wanted: notSettled }, seen(instanceOf("r1")));
    expect(step.kind).toBe("replace");
  });
});

describe("a revision that was given up", () => {
  const givenUp = failureOf("NOT_SETTLED", false);
  const record = { ...preparedUpdate, wanted: revisionOf("r2", { givenUp }) };

  it("leaves the last settled one to be restored, then kept running", () => {
    expect(planned(record, seen(exitedOf("r2", 1), keptFirst))).toMatchObject({
      kind: "restore",
      target: "fallback",
    });
    expect(planned(record, seen(keptFirst))).toMatchObject({ kind: "restore", target: "fallback" });
    expect(planned(record, seen(exitedOf("r2", 1)))).toMatchObject({
      kind: "replace",
      target: "fallback",
    });
    expect(planned(record, seen())).toMatchObject({ kind: "start", target: "fallback" });
    expect(planned(record, seen(instanceOf("r1"))).kind).toBe("settled");
    expect(planned(record, seen(exitedOf("r1", 1)))).toMatchObject({
      kind: "start",
      target: "fallback",
    });
  });

  it("is left alone where there is nothing to fall back to", () => {
    const alone = recordOf({ wanted: revisionOf("r2", { givenUp }) });
    for (const observation of [seen(), seen(exitedOf("r2", 1)), seen(instanceOf("r2"))])
      expect(planned(alone, observation).kind).toBe("settled");
  });

  it("gives way to a job that had completed: that is not run again, and what still runs is stopped", () => {
    const job = revisionOf("r1", { restart: { kind: "no" }, settled: true, completed: true });
    const failed = { ...record, fallback: job };
    expect(planned(failed, seen(instanceOf("r2", { health: "unhealthy" }), keptFirst)).kind).toBe(
      "stop",
    );
    for (const observation of [seen(), seen(exitedOf("r2", 1), keptFirst), seen(exitedOf("r1", 0))])
      expect(planned(failed, observation).kind).toBe("settled");
  });

  it("is dropped where it is set aside next to the last settled one", () => {
    const keptSecond = exitedOf("r2", 1, { kept: true });
    expect(planned(record, seen(instanceOf("r1"), keptSecond)).kind).toBe("retire");
  });

  it("leaves a fallback that was given up as well alone", () => {
    const both = { ...record, fallback: { ...settled, givenUp } };
    expect(planned(both, seen(exitedOf("r2", 1), keptFirst)).kind).toBe("settled");
  });
});

describe("a job that has completed", () => {
  const job = revisionOf("r1", {
    restart: { kind: "no" },
    settled: true,
    completed: true,
    starts: 1,
  });

  it.each([
    ["its ended instance", seen(exitedOf("r1", 0))],
    ["nothing, its instance was removed by hand", seen()],
  ])("is never run again from %s", (_, observation) => {
    expect(planned(recordOf({ wanted: job }), observation).kind).toBe("settled");
  });

  it("retires what it replaced", () => {
    expect(planned(recordOf({ wanted: job, leftovers: true }), seen(exitedOf("r1", 0))).kind).toBe(
      "retire",
    );
  });
});

describe("any mixture of instances", () => {
  const wanted = recordOf({ wanted: revisionOf("r2") });

  it.each([
    ["nothing", wanted, seen(), "start"],
    ["a half-made instance", wanted, seen(instanceOf("r2", { state: "created" })), "start"],
    ["a paused instance", wanted, seen(instanceOf("r2", { state: "paused" })), "start"],
    ["one on its way up", wanted, seen(instanceOf("r2", { state: "starting" })), "wait"],
    ["one on its way down", wanted, seen(instanceOf("r2", { state: "stopping" })), "wait"],
    ["another revision", wanted, seen(instanceOf("r0")), "replace"],
    [
      "the same revision with another spec",
      wanted,
      seen(instanceOf("r2", { specDigest: "v1:x" })),
      "replace",
    ],
    [
      "an instance of an earlier creation",
      wanted,
      seen(instanceOf("r2", { uid: "uid-0" })),
      "replace",
    ],
    ["only a kept one", preparedUpdate, seen(keptFirst), "replace"],
    [
      "a kept one of the wanted revision",
      wanted,
      seen(exitedOf("r2", 0, { kept: true })),
      "restore",
    ],
    [
      "a kept one that is up next to one that is not",
      preparedUpdate,
      seen(exitedOf("r2", 1), instanceOf("r1", { kept: true })),
      "stop",
    ],
    [
      "two that are up",
      preparedUpdate,
      seen(instanceOf("r2"), instanceOf("r1", { kept: true })),
      "stop",
    ],
    [
      "the last settled one next to a kept one of no use",
      preparedUpdate,
      seen(instanceOf("r1"), exitedOf("r0", 0, { kept: true })),
      "retire",
    ],
    [
      "the last settled one next to a kept one of the wanted revision",
      preparedUpdate,
      seen(instanceOf("r1"), exitedOf("r2", 0, { kept: true })),
      "retire",
    ],
  ])("finds its next step from %s", (_, record, observation, kind) => {
    expect(planned(record, observation).kind).toBe(kind);
  });

  it("is not stopped where only one start is allowed: what is set aside goes instead", () => {
    const once = recordOf({ wanted: revisionOf("r2", { restart: { kind: "no" }, starts: 1 }) });
    expect(planned(once, seen(instanceOf("r2"), instanceOf("r0", { kept: true }))).kind).toBe(
      "retire",
    );
  });
});

describe("what prepare made", () => {
  it("is made again when a start finds it gone, before anything else is tried", () => {
    const lost = revisionOf("r1", {
      prepared: false,
      trial: trialOf({ failure: failureOf("NOT_PREPARED") }),
    });
    expect(planned(recordOf({ wanted: lost }), seen(exitedOf("r1", 1)))).toMatchObject({
      kind: "prepare",
      target: "wanted",
    });
    const record = recordOf({
      wanted: revisionOf("r2", { givenUp: failureOf("NOT_SETTLED", false) }),
      fallback: { ...lost, settled: true },
    });
    expect(planned(record, seen(keptFirst))).toMatchObject({ kind: "prepare", target: "fallback" });
  });
});

describe("an unhealthy workload", () => {
  it("without a revision to go back to is left running", () => {
    expect(planned(recordOf(), seen(instanceOf("r1", { health: "unhealthy" }))).kind).toBe(
      "settled",
    );
  });
});
