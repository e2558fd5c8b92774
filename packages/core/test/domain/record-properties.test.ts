import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { absorbObservation } from "../../src/domain/absorb-observation.ts";
import { decideApply, decideDelete, decideRetry } from "../../src/domain/decide-apply.ts";
import { actualState, deriveStatus } from "../../src/domain/derive-status.ts";
import type { Failure } from "../../src/domain/failure.ts";
import {
  currentInstance,
  type Instance,
  instanceStates,
  type Observation,
} from "../../src/domain/observation.ts";
import { planNextStep } from "../../src/domain/plan-next-step.ts";
import { withIntent } from "../../src/domain/record-transitions.ts";
import type { RestartPolicy } from "../../src/domain/restart-policy.ts";
import type { Revision, Trial, WorkloadRecord } from "../../src/domain/workload-record.ts";
import { contextAt, failureOf, idOf, nowMs, policy, wishOf } from "./builders.ts";

const aTime = fc.constantFrom(0, nowMs - 60_000, nowMs - 5_000, nowMs, nowMs + 5_000);
const aFailure: fc.Arbitrary<Failure> = fc
  .tuple(fc.constantFrom("EXITED", "NOT_PREPARED", "INVALID_SPEC", "TIMEOUT"), fc.boolean())
  .map(([reason, retryable]) => failureOf(reason, retryable));
const aRevisionId = fc.constantFrom("r1", "r2", "r3");
const aPolicy: fc.Arbitrary<RestartPolicy> = fc.oneof(
  fc.constant({ kind: "always" } as const),
  fc.constant({ kind: "no" } as const),
  fc.record({ kind: fc.constant("on-failure"), maxRetries: fc.nat(3) }),
);

/** Leaves members out at random, as an absent member is something else than an undefined one. */
function optionally<T extends object, U extends object>(
  needed: { [K in keyof T]: fc.Arbitrary<T[K]> },
  optional: { [K in keyof U]: fc.Arbitrary<U[K]> },
): fc.Arbitrary<T & Partial<U>> {
  const rest = fc.record(optional, { requiredKeys: [] });
  return fc
    .tuple(fc.record(needed), rest)
    .map(([some, more]) => ({ ...some, ...more }) as T & Partial<U>);
}

const aTrial: fc.Arbitrary<Trial> = optionally(
  {
    attempts: fc.nat(5),
    ends: fc.nat(5),
    level: fc.nat(45),
    open: fc.boolean(),
    delayMs: fc.nat(300_000),
    notBeforeMs: aTime,
  },
  { failure: aFailure },
);

const aRevision: fc.Arbitrary<Revision> = fc
  .tuple(aRevisionId, fc.constantFrom("", "'"))
  .chain(([revisionId, variant]) =>
    optionally(
      {
        revisionId: fc.constant(revisionId),
        digest: fc.constant(`v1:${revisionId}${variant}`),
        spec: fc.constant({ name: revisionId }),
        restart: aPolicy,
        stopGraceMs: fc.nat(10_000),
        prepared: fc.boolean(),
        starts: fc.nat(4),
        ends: fc.nat(4),
        settled: fc.boolean(),
        completed: fc.boolean(),
        trial: aTrial,
      },
      {
        accountedRun: fc.constantFrom("run-1", "absent#1", "drift#run-1"),
        unproven: fc.constant(true),
        givenUp: aFailure,
      },
    ),
  );

const anInstance: fc.Arbitrary<Instance> = aRevisionId.chain((revisionId) =>
  optionally(
    {
      handle: fc.constant("h"),
      uid: fc.constantFrom("uid-1", "uid-1", "uid-0"),
      revisionId: fc.constant(revisionId),
      specDigest: fc.constantFrom(`v1:${revisionId}`, `v1:${revisionId}'`),
      kept: fc.boolean(),
      state: fc.constantFrom(...instanceStates),
      health: fc.constantFrom("none", "starting", "healthy", "unhealthy"),
      drift: fc.constantFrom([], ["limit"]),
      facts: fc.constant({}),
    },
    {
      run: fc.constantFrom("run-1", "run-2"),
      startedAtMs: aTime,
      exit: fc.oneof(
        fc.constant({ kind: "unknown" } as const),
        fc.record({
          kind: fc.constant("code"),
          code: fc.constantFrom(0, 1),
          oomKilled: fc.boolean(),
        }),
      ),
    },
  ),
);

const aSight: fc.Arbitrary<Exclude<Observation, { kind: "unreadable" }>> = fc.oneof(
  fc.constant({ kind: "absent" } as const),
  fc.record({
    kind: fc.constant("present"),
    instances: fc.array(anInstance, { minLength: 1, maxLength: 3 }),
    glance: fc.string(),
  }),
);
const anObservation: fc.Arbitrary<Observation> = fc.oneof(
  { weight: 8, arbitrary: aSight },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("unreadable"), failure: aFailure }) },
);

const aRecord: fc.Arbitrary<WorkloadRecord> = optionally(
  {
    id: fc.constant(idOf("web")),
    type: fc.constant("model"),
    uid: fc.constant("uid-1"),
    generation: fc.integer({ min: 1, max: 9 }),
    desired: fc.constantFrom("running", "running", "stopped", "deleted"),
    wanted: aRevision,
    leftovers: fc.boolean(),
    chore: aTrial,
    removed: fc.boolean(),
    labels: fc.constant({}),
    observation: aSight,
    observedSequence: fc.tuple(fc.nat(3), fc.nat(9)),
    observedAtMs: aTime,
    createdAtMs: aTime,
    updatedAtMs: aTime,
    transitionAtMs: aTime,
  },
  { fallback: aRevision, actionSeq: fc.nat(9) },
);

const aPlanPolicy = fc.constantFrom(policy, { ...policy, updatePolicy: "keep-trying" } as const);

/** Holds for every record and observation, however unlikely. */
function always(check: (record: WorkloadRecord, observation: Observation) => void): void {
  fc.assert(fc.property(aRecord, anObservation, check), { numRuns: 2_000 });
}

describe("for every record and observation", () => {
  it("there is a next step with a cause", () => {
    fc.assert(
      fc.property(
        aRecord,
        anObservation,
        aPlanPolicy,
        aTime,
        (record, observation, plans, atMs) => {
          const absorbed = absorbObservation(record, observation, contextAt(atMs));
          for (const known of [record, absorbed])
            expect(planNextStep(known, observation, plans, atMs).cause).not.toBe("");
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("the step from an unreadable observation is to wait (I4)", () => {
    always((record, observation) => {
      if (observation.kind !== "unreadable") return;
      expect(planNextStep(record, observation, policy, nowMs).kind).toBe("wait");
    });
  });

  it("only what was removed and is absent is forgotten (I4, I8)", () => {
    always((record, observation) => {
      if (planNextStep(record, observation, policy, nowMs).kind !== "forget") return;
      expect([record.desired, record.removed, observation.kind]).toEqual([
        "deleted",
        true,
        "absent",
      ]);
    });
  });

  it("nothing is started unless running is wanted, and nothing removed unless deleted is", () => {
    always((record, observation) => {
      const { kind } = planNextStep(record, observation, policy, nowMs);
      if (["start", "replace", "restore", "retire"].includes(kind))
        expect(record.desired).toBe("running");
      if (kind === "remove" || kind === "forget") expect(record.desired).toBe("deleted");
    });
  });

  it("what has completed is never started", () => {
    always((record, observation) => {
      const step = planNextStep(record, observation, policy, nowMs);
      if (step.kind !== "start" && step.kind !== "replace" && step.kind !== "restore") return;
      const revision = step.target === "wanted" ? record.wanted : record.fallback;
      expect(revision?.completed).toBe(false);
      expect(revision).not.toHaveProperty("givenUp");
    });
  });

  it("no step is taken before its back-off is over, and a wait ends later than now", () => {
    always((record, observation) => {
      const step = planNextStep(record, observation, policy, nowMs);
      if (step.kind === "wait") expect(step.untilMs).toBeGreaterThan(nowMs);
      if (!("target" in step) || step.kind === "giveUp") return;
      const revision = step.target === "wanted" ? record.wanted : record.fallback;
      expect(revision?.trial.notBeforeMs).toBeLessThanOrEqual(nowMs);
    });
  });

  it("to absorb an observation twice is to absorb it once", () => {
    always((record, observation) => {
      const once = absorbObservation(record, observation, contextAt());
      expect(absorbObservation(once, observation, contextAt())).toBe(once);
    });
  });

  it("running is said only of the wanted revision while running is wanted", () => {
    always((record) => {
      if (actualState(record, {}, nowMs) !== "running") return;
      expect(record.desired).toBe("running");
      expect(currentInstance(record.observation)).toMatchObject({
        revisionId: record.wanted.revisionId,
        specDigest: record.wanted.digest,
        uid: record.uid,
        state: "running",
      });
    });
  });

  it("a state of failure has a failure to show, and no other has (I9)", () => {
    always((record) => {
      const status = deriveStatus(record, { confirmedAtMs: 0 }, nowMs);
      expect(status.failure === undefined).toBe(status.actual !== "failed");
      expect(status.message).not.toBe("");
    });
  });

  it("generation, creation and sequence never go back, whatever is asked for or seen (I10)", () => {
    always((record, observation) => {
      const stamp = { nowMs, actionSeq: 1 };
      const applied = decideApply(record, wishOf("r2"));
      const step = planNextStep(record, observation, policy, nowMs);
      for (const after of [
        applied.kind === "change" ? applied.record : record,
        decideDelete(record, stamp),
        decideRetry(record, stamp),
        absorbObservation(record, observation, contextAt()),
        withIntent(record, step, observation, nowMs),
      ]) {
        if (after === undefined) continue;
        expect(after.generation).toBeGreaterThanOrEqual(record.generation);
        expect(after.observedSequence).toEqual(record.observedSequence);
        expect([after.id, after.uid, after.createdAtMs]).toEqual([
          record.id,
          record.uid,
          record.createdAtMs,
        ]);
      }
    });
  });

  it("the same apply again is skipped (I6)", () => {
    always((record) => {
      const first = decideApply(record, wishOf("r2"));
      if (first.kind !== "change") return;
      expect(decideApply(first.record, wishOf("r2")).kind).toBe("skip");
    });
  });

  it("a record is plain data: it is the same when it comes back from JSON", () => {
    always((record, observation) => {
      const after = absorbObservation(record, observation, contextAt());
      expect(JSON.parse(JSON.stringify(after))).toEqual(after);
    });
  });
});
