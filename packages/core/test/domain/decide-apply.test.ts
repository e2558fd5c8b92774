import { describe, expect, it } from "vitest";
import {
  type ApplyDecision,
  decideApply,
  decideDelete,
  decideRetry,
  nextCreation,
} from "../../src/domain/decide-apply.ts";
import type { NextCreation, WorkloadRecord } from "../../src/domain/workload-record.ts";
import {
  exitedOf,
  failureOf,
  instanceOf,
  nowMs,
  recordOf,
  revisionOf,
  seen,
  trialOf,
  wishOf,
} from "./builders.ts";
import { freshRevision } from "./model-revisions.ts";

const stamp = { nowMs, actionSeq: 9 };
const otherSpec = freshRevision("r1", { kind: "always" }, "another spec");
const givenUp = failureOf("NOT_SETTLED", false);

function changedBy(decision: ApplyDecision): WorkloadRecord {
  if (decision.kind !== "change" && decision.kind !== "create")
    throw new Error(`expected a change, got ${decision.kind}`);
  return decision.record;
}

function codeOf(decision: ApplyDecision): string {
  return decision.kind === "refuse" ? decision.error.code : decision.kind;
}

describe("an apply of a new id", () => {
  it("creates generation 1 with the wish's uid, labels and wanted state", () => {
    const created = changedBy(
      decideApply(undefined, wishOf("r1", { desired: "stopped", labels: { app: "web" } })),
    );
    expect(created).toMatchObject({
      uid: "uid-2",
      generation: 1,
      desired: "stopped",
      labels: { app: "web" },
      actionSeq: 7,
      leftovers: false,
      removed: false,
      observation: { kind: "absent" },
      observedSequence: [0, 0],
      observedAtMs: 0,
    });
  });

  it.each([undefined, "00-trace-01"])(
    "remembers the trace it came with, here %s",
    (traceparent) => {
      const traced = traceparent === undefined ? {} : { traceparent };
      const created = changedBy(decideApply(undefined, wishOf("r1", traced)));
      expect(created).toMatchObject(traced);
      expect("traceparent" in created).toBe("traceparent" in traced);
    },
  );

  it("needs a spec", () => {
    expect(codeOf(decideApply(undefined, wishOf("", { revision: undefined })))).toBe("NOT_FOUND");
  });
});

describe("an apply of a known id", () => {
  it("of the same revision and spec is skipped, however often it comes (I6)", () => {
    expect(decideApply(recordOf(), wishOf("r1")).kind).toBe("skip");
  });

  it("of the same revision in back-off is skipped", () => {
    const failing = recordOf({ wanted: revisionOf("r1", { trial: trialOf({ open: true }) }) });
    expect(decideApply(failing, wishOf("r1")).kind).toBe("skip");
  });

  it("of a revision that was given up is a retry", () => {
    const record = recordOf({ wanted: revisionOf("r1", { givenUp, starts: 3, ends: 2 }) });
    const after = changedBy(decideApply(record, wishOf("r1")));
    expect(after.generation).toBe(2);
    expect(after.wanted).toMatchObject({ starts: 0, ends: 0, prepared: true });
    expect(after.wanted).not.toHaveProperty("givenUp");
  });

  it("of the same revision with another spec is refused", () => {
    const wish = wishOf("r1", { revision: otherSpec });
    expect(codeOf(decideApply(recordOf(), wish))).toBe("REVISION_CONFLICT");
  });

  it("of the same revision with another spec is skipped with a notice where conflicts are ignored", () => {
    const wish = wishOf("r1", { revision: otherSpec, revisionConflict: "ignore" });
    const decision = decideApply(recordOf(), wish);
    expect(decision).toMatchObject({ kind: "skip", message: expect.stringContaining("ignored") });
  });

  it.each([
    ["with", freshRevision("r1"), "r1"],
    ["without", undefined, ""],
    ["without, by its revision id,", undefined, "r1"],
  ])("with another wanted state, %s a spec, changes only the state", (_, revision, revisionId) => {
    const wish = wishOf("r1", { desired: "stopped", revision, revisionId });
    const after = changedBy(decideApply(recordOf(), wish));
    expect(after).toMatchObject({ desired: "stopped", generation: 2 });
    expect(after.wanted).toEqual(revisionOf("r1"));
    expect(after.fallback).toBeUndefined();
  });

  it("without a spec but with another revision id is refused", () => {
    const wish = wishOf("r2", { revision: undefined });
    expect(codeOf(decideApply(recordOf(), wish))).toBe("REVISION_CONFLICT");
  });

  it("of another type is refused: delete it first", () => {
    const decision = decideApply(recordOf(), wishOf("r2", { type: "vm" }));
    expect(decision).toMatchObject({
      kind: "refuse",
      error: { code: "TYPE_MISMATCH", message: expect.stringContaining("delete it first") },
    });
  });

  it.each([
    [undefined, 0, "create"],
    [undefined, 1, "GENERATION_CONFLICT"],
    [recordOf({ generation: 5 }), 5, "change"],
    [recordOf({ generation: 5 }), 4, "GENERATION_CONFLICT"],
    [recordOf({ generation: 5 }), 0, "GENERATION_CONFLICT"],
  ])("of %j that expects generation %i: %s", (record, expectedGeneration, outcome) => {
    expect(codeOf(decideApply(record, wishOf("r2", { expectedGeneration })))).toBe(outcome);
  });
});

describe("an update", () => {
  it("keeps the last settled revision, spec included, until another settles", () => {
    const settled = revisionOf("r1", { settled: true });
    const second = changedBy(decideApply(recordOf({ wanted: settled }), wishOf("r2")));
    expect(second).toMatchObject({
      generation: 2,
      wanted: freshRevision("r2"),
      fallback: settled,
      leftovers: false,
    });
    const third = changedBy(decideApply(second, wishOf("r3")));
    expect(third).toMatchObject({
      wanted: freshRevision("r3"),
      fallback: settled,
      leftovers: true,
    });
  });

  it("of what never settled has nothing to fall back to, and something to tidy up", () => {
    const after = changedBy(decideApply(recordOf(), wishOf("r2")));
    expect(after).not.toHaveProperty("fallback");
    expect(after.leftovers).toBe(true);
  });

  it.each([
    ["settled last", { wanted: revisionOf("r1", { settled: true, givenUp, trial: trialOf() }) }],
    [
      "was to be fallen back to",
      { wanted: revisionOf("r0"), fallback: revisionOf("r1", { settled: true, givenUp }) },
    ],
  ])("tries again what %s and was given up", (_, overrides) => {
    const { fallback } = changedBy(decideApply(recordOf(overrides), wishOf("r2")));
    expect(fallback).toMatchObject({ revisionId: "r1", settled: true, trial: { attempts: 0 } });
    expect(fallback).not.toHaveProperty("givenUp");
  });

  it("does not try again what was allowed one start and has failed", () => {
    const job = revisionOf("r1", { restart: { kind: "no" }, settled: true, givenUp });
    const { fallback } = changedBy(decideApply(recordOf({ wanted: job }), wishOf("r2")));
    expect(fallback?.givenUp).toEqual(givenUp);
  });

  it("leaves what there was to tidy up", () => {
    const settled = revisionOf("r1", { settled: true });
    const record = recordOf({ wanted: settled, leftovers: true });
    expect(changedBy(decideApply(record, wishOf("r2"))).leftovers).toBe(true);
  });

  it("back to the last settled revision takes it up as it is, prepared and without a fallback", () => {
    const record = recordOf({
      wanted: revisionOf("r2"),
      fallback: revisionOf("r1", { settled: true, trial: trialOf() }),
    });
    const after = changedBy(decideApply(record, wishOf("r1")));
    expect(after.wanted).toMatchObject({ revisionId: "r1", prepared: true, settled: true });
    expect(after.wanted.trial.attempts).toBe(0);
    expect(after.fallback).toBeUndefined();
    expect(after.leftovers).toBe(true);
  });

  it("back to a job that has completed does not run it again while it is the last settled one", () => {
    const job = revisionOf("r1", { restart: { kind: "no" }, settled: true, completed: true });
    const record = recordOf({ wanted: revisionOf("r2", { givenUp }), fallback: job });
    expect(changedBy(decideApply(record, wishOf("r1"))).wanted.completed).toBe(true);
  });

  it("does not count the end of an earlier run of the revision that is applied again", () => {
    const record = recordOf({ wanted: revisionOf("r2"), observation: seen(exitedOf("r1", 1)) });
    const after = changedBy(decideApply(record, wishOf("r1")));
    expect(after.wanted).toMatchObject({ starts: 0, accountedRun: "run-of-r1" });
  });
});

describe("a revision that is applied again while a step ends its run", () => {
  it.each(["stop", "replace", "restore", "remove"])(
    "does not take the end by a %s for one of its own",
    (step) => {
      const record = recordOf({
        desired: "stopped",
        wanted: revisionOf("r2"),
        intent: { step, cause: "a test", atMs: nowMs },
        observation: seen(instanceOf("r1")),
      });
      const { wanted } = changedBy(decideApply(record, wishOf("r1")));
      expect(wanted.accountedRun).toBe("run-of-r1");
    },
  );

  it("takes the end by any other step for its own", () => {
    const record = recordOf({
      wanted: revisionOf("r2"),
      intent: { step: "retire", cause: "a test", atMs: nowMs },
      observation: seen(instanceOf("r1")),
    });
    expect(changedBy(decideApply(record, wishOf("r1"))).wanted).not.toHaveProperty("accountedRun");
  });
});

describe("a retry", () => {
  it("of what has not failed changes nothing", () => {
    expect(decideRetry(recordOf(), stamp)).toBeUndefined();
  });

  it("of what the last settled revision failed with begins anew", () => {
    const fallback = revisionOf("r1", { settled: true, trial: trialOf() });
    const after = decideRetry(recordOf({ wanted: revisionOf("r2"), fallback }), stamp);
    expect(after?.fallback?.trial.attempts).toBe(0);
  });

  it("of what waits in back-off begins anew", () => {
    const waiting = recordOf({ wanted: revisionOf("r1", { trial: trialOf({ level: 5 }) }) });
    expect(decideRetry(waiting, stamp)?.wanted.trial.level).toBe(0);
  });
});

describe("a delete", () => {
  it("is wanted from then on, as a new generation", () => {
    expect(decideDelete(recordOf({ removed: true }), stamp)).toMatchObject({
      desired: "deleted",
      generation: 2,
      removed: false,
      actionSeq: 9,
    });
  });

  it("of what is being deleted changes nothing (I6)", () => {
    expect(decideDelete(recordOf({ desired: "deleted" }), stamp)).toBeUndefined();
  });
});

describe("an apply while the id is being deleted", () => {
  const deleting = recordOf({ desired: "deleted", generation: 4 });
  const queued = changedBy(decideApply(deleting, wishOf("r1")));

  it("is stored, and runs as a new creation once the deletion has finished", () => {
    expect(queued).toMatchObject({ desired: "deleted", generation: 5, uid: "uid-1" });
    const created = nextCreation({ ...queued, observedSequence: [3, 8] }, nowMs);
    expect(created).toMatchObject({
      uid: "uid-2",
      desired: "running",
      generation: 5,
      wanted: freshRevision("r1"),
      observedSequence: [3, 8],
      removed: false,
    });
    expect(created).not.toHaveProperty("next");
  });

  it("brings its own history entry and trace to the creation", () => {
    const traced = changedBy(decideApply(deleting, wishOf("r1", { traceparent: "00-trace-01" })));
    const created = nextCreation(traced, nowMs);
    expect(created).toMatchObject({ actionSeq: 7, traceparent: "00-trace-01" });
  });

  it("that has no history entry and no trace gives the creation none", () => {
    const { actionSeq: _, ...next } = queued.next ?? {};
    const created = nextCreation({ ...queued, next: next as NextCreation }, nowMs);
    expect(created).not.toHaveProperty("actionSeq");
    expect(created).not.toHaveProperty("traceparent");
  });

  it("may be of another type", () => {
    expect(codeOf(decideApply(deleting, wishOf("r1", { type: "vm" })))).toBe("change");
  });

  it("is skipped when it waits already, and takes the place of one that differs", () => {
    expect(decideApply(queued, wishOf("r1")).kind).toBe("skip");
    expect(changedBy(decideApply(queued, wishOf("r2"))).next?.wanted.revisionId).toBe("r2");
    const stopped = changedBy(decideApply(queued, wishOf("r1", { desired: "stopped" })));
    expect(stopped.next?.desired).toBe("stopped");
  });

  it.each(["running", "stopped"] as const)(
    "of the revision that waits, with another spec and wanted %s, is refused",
    (desired) => {
      const wish = wishOf("r1", { revision: otherSpec, desired });
      expect(codeOf(decideApply(queued, wish))).toBe("REVISION_CONFLICT");
    },
  );

  it("without a spec changes the wanted state of what waits", () => {
    const wish = wishOf("", { revision: undefined, desired: "stopped" });
    expect(changedBy(decideApply(queued, wish)).next).toMatchObject({
      desired: "stopped",
      wanted: freshRevision("r1"),
    });
    expect(codeOf(decideApply(deleting, wish))).toBe("NOT_FOUND");
  });

  it("without a spec keeps the type and labels of what waits; with one it brings its own", () => {
    const labels = { app: "web" };
    const waiting = changedBy(decideApply(deleting, wishOf("r1", { type: "vm", labels })));
    const bare = wishOf("", { revision: undefined, desired: "stopped", labels: { app: "db" } });
    expect(changedBy(decideApply(waiting, bare)).next).toMatchObject({ type: "vm", labels });
    const whole = wishOf("r2", { labels: { app: "db" } });
    expect(changedBy(decideApply(waiting, whole)).next).toMatchObject({
      type: "model",
      labels: { app: "db" },
    });
  });

  it("without a spec but with another revision id than what waits is refused", () => {
    const wish = wishOf("r9", { revision: undefined });
    expect(codeOf(decideApply(queued, wish))).toBe("REVISION_CONFLICT");
  });

  it("is dropped by another delete, which is what this generation works on", () => {
    const after = decideDelete(queued, stamp);
    expect(after).toMatchObject({ desired: "deleted", generation: 6, actionSeq: 9 });
    expect(after).not.toHaveProperty("next");
  });
});
