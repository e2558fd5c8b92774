import type { AbsorbContext } from "../../src/domain/absorb-observation.ts";
import type { ApplyWish } from "../../src/domain/decide-apply.ts";
import type { Failure, FailureReason } from "../../src/domain/failure.ts";
import type { Instance, Observation } from "../../src/domain/observation.ts";
import type { PlanPolicy } from "../../src/domain/plan-next-step.ts";
import { isWorkloadId, type WorkloadId } from "../../src/domain/workload-id.ts";
import {
  freshTrial,
  type Revision,
  type Trial,
  type WorkloadRecord,
} from "../../src/domain/workload-record.ts";
import { freshRevision } from "./model-revisions.ts";

/** When everything happens unless a test says otherwise, Unix milliseconds. */
export const nowMs = 1_000_000;

export const policy: PlanPolicy = {
  settleAfterMs: 10_000,
  restoreAfterAttempts: 3,
  updatePolicy: "restore",
};

/** Draws the whole of every delay. */
export function contextAt(atMs: number = nowMs, fraction = 1): AbsorbContext {
  return {
    nowMs: atMs,
    fraction,
    settleAfterMs: 10_000,
    backoffBaseMs: 1_000,
    backoffMaxMs: 300_000,
  };
}

export function idOf(text: string): WorkloadId {
  if (!isWorkloadId(text)) throw new TypeError(`${text} is no workload id`);
  return text;
}

/** A revision that was prepared, with its name as spec and digest. */
export function revisionOf(revisionId: string, overrides: Partial<Revision> = {}): Revision {
  return { ...freshRevision(revisionId), prepared: true, ...overrides };
}

/** A record wanted running at a prepared `r1`. */
export function recordOf(overrides: Partial<WorkloadRecord> = {}): WorkloadRecord {
  return {
    id: idOf("web"),
    type: "model",
    uid: "uid-1",
    generation: 1,
    desired: "running",
    wanted: revisionOf("r1"),
    leftovers: false,
    chore: freshTrial,
    removed: false,
    labels: {},
    observation: { kind: "absent" },
    observedSequence: [1, 1],
    observedAtMs: nowMs,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    transitionAtMs: nowMs,
    ...overrides,
  };
}

/** A running instance of a revision made by {@link revisionOf}, up for a minute. */
export function instanceOf(revisionId: string, overrides: Partial<Instance> = {}): Instance {
  return {
    handle: `handle-of-${revisionId}`,
    uid: "uid-1",
    revisionId,
    specDigest: `v1:${revisionId}`,
    kept: false,
    state: "running",
    health: "none",
    run: `run-of-${revisionId}`,
    startedAtMs: nowMs - 60_000,
    drift: [],
    facts: {},
    ...overrides,
  };
}

/** An instance that ended with this code. */
export function exitedOf(
  revisionId: string,
  code: number,
  overrides: Partial<Instance> = {},
): Instance {
  return instanceOf(revisionId, { state: "exited", exit: { kind: "code", code }, ...overrides });
}

export function seen(...instances: readonly Instance[]): Observation {
  return instances.length === 0
    ? { kind: "absent" }
    : { kind: "present", instances, glance: JSON.stringify(instances) };
}

export function failureOf(reason: FailureReason, retryable = true): Failure {
  return { reason, message: `because of ${reason}`, retryable, atMs: nowMs };
}

/** A trial after failures whose back-off is over. */
export function trialOf(overrides: Partial<Trial> = {}): Trial {
  return { ...freshTrial, attempts: 1, failure: failureOf("RUNTIME_ERROR"), ...overrides };
}

export const unreadable: Observation = {
  kind: "unreadable",
  failure: failureOf("RUNTIME_UNAVAILABLE"),
};

/** An apply of a revision that nothing was done with yet. */
export function wishOf(revisionId: string, overrides: Partial<ApplyWish> = {}): ApplyWish {
  return {
    id: idOf("web"),
    type: "model",
    uid: "uid-2",
    desired: "running",
    revision: freshRevision(revisionId),
    revisionId,
    labels: {},
    nowMs,
    actionSeq: 7,
    revisionConflict: "reject",
    ...overrides,
  };
}
