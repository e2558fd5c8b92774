import { describe, expect, it } from "vitest";
import { absorbObservation } from "../../src/domain/absorb-observation.ts";
import type { Instance, Observation } from "../../src/domain/observation.ts";
import { planNextStep } from "../../src/domain/plan-next-step.ts";
import { type RestartPolicy, restartPolicy } from "../../src/domain/restart-policy.ts";
import type { Revision, WorkloadRecord } from "../../src/domain/workload-record.ts";
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

const unknownExit = instanceOf("r1", { state: "exited", exit: { kind: "unknown" } });
const outOfMemory = instanceOf("r1", {
  state: "exited",
  exit: { kind: "code", code: 0, oomKilled: true },
});

function started(restart: RestartPolicy, overrides: Partial<Revision> = {}): WorkloadRecord {
  return recordOf({ wanted: revisionOf("r1", { restart, starts: 1, ...overrides }) });
}

/** What is planned after this was seen of a workload that was started once, and why it is as it is. */
function outcome(
  record: WorkloadRecord,
  observation: Observation,
): readonly [string, string | undefined] {
  const after = absorbObservation(record, observation, contextAt());
  const step = planNextStep(after, observation, policy, nowMs);
  return [after.wanted.completed ? "completed" : step.kind, after.wanted.trial.failure?.reason];
}

const ends: Readonly<Record<string, Observation>> = {
  "exit 0": seen(exitedOf("r1", 0)),
  "exit 1": seen(exitedOf("r1", 1)),
  "an unknown exit": seen(unknownExit),
  "an end for want of memory": seen(outOfMemory),
  absence: seen(),
};
const reasons = ["EXITED", "EXITED", "EXIT_UNKNOWN", "OOM_KILLED", "DISAPPEARED"];

describe.each(["", "always", "unless-stopped"] as const)("the restart policy %j", (name) => {
  it.each(Object.keys(ends).map((end, at) => [end, reasons[at]] as const))(
    "starts again after %s",
    (end, reason) => {
      expect(outcome(started(restartPolicy(name, 0)), ends[end] ?? seen())).toEqual([
        "start",
        reason,
      ]);
    },
  );
});

describe("the restart policy on-failure", () => {
  const onFailure = restartPolicy("on-failure", 0);

  it("is completed by exit 0", () => {
    expect(outcome(started(onFailure), seen(exitedOf("r1", 0)))).toEqual(["completed", undefined]);
  });

  it.each(
    Object.keys(ends)
      .slice(1)
      .map((end, at) => [end, reasons[at + 1]] as const),
  )("starts again after %s", (end, reason) => {
    expect(outcome(started(onFailure), ends[end] ?? seen())).toEqual(["start", reason]);
  });

  it("starts again without limit where it has no count", () => {
    expect(outcome(started(onFailure, { ends: 1_000 }), seen(exitedOf("r1", 1)))[0]).toBe("start");
  });

  it("gives up after as many restarts as its count allows", () => {
    const counted = restartPolicy("on-failure", 2);
    expect(outcome(started(counted, { ends: 1 }), seen(exitedOf("r1", 1)))[0]).toBe("start");
    expect(outcome(started(counted, { ends: 2 }), seen(exitedOf("r1", 1)))).toEqual([
      "giveUp",
      "RESTARTS_EXHAUSTED",
    ]);
  });
});

describe("the restart policy no", () => {
  const no = restartPolicy("no", 0);

  it("is completed by exit 0", () => {
    expect(outcome(started(no), seen(exitedOf("r1", 0)))).toEqual(["completed", undefined]);
  });

  it.each(
    Object.keys(ends)
      .slice(1)
      .map((end, at) => [end, reasons[at + 1]] as const),
  )("is a failure, never a rerun, after %s", (end, reason) => {
    expect(outcome(started(no), ends[end] ?? seen())).toEqual(["giveUp", reason]);
  });

  it("starts what was not started yet", () => {
    expect(outcome(started(no, { starts: 0 }), seen())).toEqual(["start", undefined]);
  });

  it("leaves an instance alone whose configuration was changed: to make it again would be a second start", () => {
    const drifted = seen(instanceOf("r1", { drift: ["memory limit"] }));
    expect(outcome(started(no, { settled: true }), drifted)).toEqual(["settled", undefined]);
  });
});

describe("an observation", () => {
  it("counts an end once, however often it is seen", () => {
    const end = seen(exitedOf("r1", 1));
    const once = absorbObservation(started({ kind: "always" }), end, contextAt());
    expect(once.wanted.ends).toBe(1);
    expect(absorbObservation(once, end, contextAt(nowMs + 5_000))).toBe(once);
  });

  it("says nothing when it is unreadable (I4)", () => {
    const record = started({ kind: "always" });
    expect(absorbObservation(record, unreadable, contextAt())).toBe(record);
  });

  it("says nothing of ends while stopped or deleted is wanted", () => {
    for (const desired of ["stopped", "deleted"] as const) {
      const record = { ...started({ kind: "no" }), desired };
      expect(absorbObservation(record, seen(exitedOf("r1", 1)), contextAt())).toBe(record);
    }
  });

  it("says nothing of a revision by an instance of another creation", () => {
    const record = started({ kind: "always" }, { starts: 0 });
    const foreign = seen(exitedOf("r1", 1, { uid: "uid-0" }));
    expect(absorbObservation(record, foreign, contextAt())).toBe(record);
  });

  it("takes a run that is under way for the start of this generation, so that its end completes it", () => {
    const record = started(restartPolicy("no", 0), { starts: 0 });
    const running = absorbObservation(record, seen(instanceOf("r1")), contextAt());
    expect(running.wanted.starts).toBe(1);
    expect(absorbObservation(running, seen(exitedOf("r1", 0)), contextAt()).wanted.completed).toBe(
      true,
    );
  });

  it("takes an absence for one end of each start", () => {
    const once = absorbObservation(started({ kind: "always" }), seen(), contextAt());
    expect(absorbObservation(once, seen(), contextAt())).toBe(once);
    const again = { ...once, wanted: { ...once.wanted, starts: 2 } };
    expect(absorbObservation(again, seen(), contextAt()).wanted.ends).toBe(2);
  });

  it("of a stop that was said to have failed but has stopped it ends its being tried", () => {
    const record = recordOf({ desired: "stopped", chore: trialOf({ open: true }) });
    const after = absorbObservation(record, seen(exitedOf("r1", 0)), contextAt());
    expect(after.chore.attempts).toBe(0);
  });
});

describe("settling", () => {
  const young: Partial<Instance> = { startedAtMs: nowMs - 9_999 };
  const old: Partial<Instance> = { startedAtMs: nowMs - 10_000 };

  it.each([
    ["up for less than 10 s", young, false],
    ["up for 10 s", old, true],
    ["healthy at once", { ...young, health: "healthy" }, true],
    ["up for long, its check not passed yet", { ...old, health: "starting" }, false],
    ["up for long and unhealthy", { ...old, health: "unhealthy" }, false],
    ["paused for long", { ...old, state: "paused" }, false],
  ] as const)("of an instance that is %s: %j is %s", (_, overrides, settled) => {
    const after = absorbObservation(
      started({ kind: "always" }),
      seen(instanceOf("r1", overrides)),
      contextAt(),
    );
    expect(after.wanted.settled).toBe(settled);
  });

  it("ends the memory of a crash loop once it has stayed up for 10 s", () => {
    const crashed = started({ kind: "always" }, { trial: trialOf({ attempts: 5 }) });
    expect(
      absorbObservation(crashed, seen(instanceOf("r1", young)), contextAt()).wanted.trial.attempts,
    ).toBe(5);
    expect(
      absorbObservation(crashed, seen(instanceOf("r1", old)), contextAt()).wanted.trial.attempts,
    ).toBe(0);
  });

  it("makes the wanted revision the last settled one: there is nothing to fall back to any more", () => {
    const record = {
      ...started({ kind: "always" }),
      fallback: revisionOf("r0", { settled: true }),
    };
    const after = absorbObservation(record, seen(instanceOf("r1", old)), contextAt());
    expect(after.fallback).toBeUndefined();
    expect(after.leftovers).toBe(true);
  });

  it("of this generation has to be shown again after the wanted state was changed", () => {
    const record = started({ kind: "always" }, { settled: true, unproven: true });
    expect(absorbObservation(record, seen(instanceOf("r1", young)), contextAt())).toBe(record);
    const after = absorbObservation(record, seen(instanceOf("r1", old)), contextAt());
    expect(after.wanted).not.toHaveProperty("unproven");
  });
});

describe("a changed configuration", () => {
  const drifted = seen(instanceOf("r1", { drift: ["memory limit"] }));

  it("is repaired at once, and under back-off when it comes again before 10 s", () => {
    const record = started({ kind: "always" }, { settled: true });
    const first = absorbObservation(record, drifted, contextAt());
    expect(planNextStep(first, drifted, policy, nowMs)).toMatchObject({
      kind: "replace",
      target: "wanted",
    });
    const next = seen(instanceOf("r1", { run: "another", drift: ["memory limit"] }));
    const second = absorbObservation(first, next, contextAt());
    expect(planNextStep(second, next, policy, nowMs)).toMatchObject({
      kind: "wait",
      untilMs: nowMs + 1_000,
    });
  });

  it("is no end of the run: what ends by itself before the repair is still judged by its exit", () => {
    const job = started(restartPolicy("on-failure", 1));
    const first = absorbObservation(job, drifted, contextAt());
    expect(first.wanted.ends).toBe(0);
    expect(absorbObservation(first, seen(exitedOf("r1", 0)), contextAt()).wanted.completed).toBe(
      true,
    );
  });
});

describe("a given-up revision", () => {
  it("is not looked at any more", () => {
    const record = started({ kind: "always" }, { givenUp: failureOf("INVALID_SPEC", false) });
    expect(absorbObservation(record, seen(exitedOf("r1", 1)), contextAt())).toBe(record);
  });
});

describe("a chore that was said to have failed", () => {
  const settled = revisionOf("r1", { settled: true, starts: 1 });
  const chore = trialOf({ open: true });
  const attemptsAfter = (record: WorkloadRecord, observation: Observation): number =>
    absorbObservation(record, observation, contextAt()).chore.attempts;

  it("to stop is done once nothing is up", () => {
    const record = recordOf({ desired: "stopped", wanted: settled, chore });
    expect(attemptsAfter(record, seen(instanceOf("r1")))).toBe(1);
    expect(attemptsAfter(record, seen(exitedOf("r1", 0)))).toBe(0);
    expect(attemptsAfter(record, seen())).toBe(0);
  });

  it("to remove is done only by a remove that succeeds", () => {
    expect(attemptsAfter(recordOf({ desired: "deleted", chore }), seen())).toBe(1);
  });

  it("to retire is done once nothing is kept, left over or up besides the one that is to run", () => {
    const record = recordOf({ wanted: settled, chore });
    const kept = exitedOf("r0", 0, { kept: true });
    expect(attemptsAfter(record, seen(instanceOf("r1")))).toBe(0);
    expect(attemptsAfter(record, seen(instanceOf("r1"), kept))).toBe(1);
    expect(attemptsAfter({ ...record, leftovers: true }, seen(instanceOf("r1")))).toBe(1);
    const completed = { ...record, wanted: { ...settled, completed: true } };
    expect(attemptsAfter(completed, seen(instanceOf("r2")))).toBe(1);
    expect(attemptsAfter(completed, seen(exitedOf("r1", 0)))).toBe(0);
  });
});

describe("a look at what is as it was", () => {
  it("of a drift that was counted changes nothing", () => {
    const record = recordOf({ wanted: revisionOf("r1", { settled: true, starts: 1 }) });
    const drifted = seen(instanceOf("r1", { drift: ["memoryBytes"] }));
    const once = absorbObservation(record, drifted, contextAt());
    expect(once.wanted.trial.attempts).toBe(1);
    expect(absorbObservation(once, drifted, contextAt())).toBe(once);
  });

  it("of an instance that was never started counts no start", () => {
    const record = recordOf();
    const made = seen(instanceOf("r1", { state: "created" }));
    expect(absorbObservation(record, made, contextAt())).toBe(record);
  });

  it("of a revision that has settled and proven itself changes nothing", () => {
    const record = recordOf({ wanted: revisionOf("r1", { settled: true, starts: 1 }) });
    expect(absorbObservation(record, seen(instanceOf("r1")), contextAt())).toBe(record);
  });

  it("of a fallback that was given up and is gone counts no end", () => {
    const givenUp = failureOf("NOT_SETTLED", false);
    const fallback = revisionOf("r1", { settled: true, starts: 1, givenUp });
    const record = recordOf({ wanted: revisionOf("r2", { givenUp }), fallback });
    expect(absorbObservation(record, seen(), contextAt())).toBe(record);
  });

  it("of a check that has passed settles the revision at once", () => {
    const record = recordOf({ wanted: revisionOf("r1", { starts: 1 }) });
    const young = instanceOf("r1", { health: "healthy", startedAtMs: nowMs - 1 });
    const after = absorbObservation(record, seen(young), contextAt());
    expect(after.wanted.settled).toBe(true);
    expect(after).not.toHaveProperty("fallback");
    expect(after.leftovers).toBe(false);
  });
});

describe("the restarts that a policy allows", () => {
  it("have no end under the policy always", () => {
    const wanted = revisionOf("r1", { restart: { kind: "always" }, starts: 9, ends: 9 });
    const after = absorbObservation(recordOf({ wanted }), seen(exitedOf("r1", 1)), contextAt());
    expect(after.wanted.trial.failure).toMatchObject({ reason: "EXITED", retryable: true });
  });
});
