import type { AgentError } from "../errors/agent-error.ts";
import {
  generationConflict,
  revisionConflict,
  specMissing,
  typeMismatch,
  unknownWorkload,
} from "./apply-refusals.ts";
import {
  anew,
  fallbackAgain,
  nextGeneration,
  type RequestStamp,
  roused,
  withFallbackAtRest,
} from "./new-generation.ts";
import type { WorkloadId } from "./workload-id.ts";
import {
  freshTrial,
  type NextCreation,
  type Revision,
  type WorkloadRecord,
} from "./workload-record.ts";

/** A parsed apply. */
export interface ApplyWish {
  readonly id: WorkloadId;
  readonly type: string;
  /** The uid of the creation, should one come of it. */
  readonly uid: string;
  readonly desired: "running" | "stopped";
  /** Undefined: keep the revision, change only the wanted state. */
  readonly revision: Revision | undefined;
  /** The revision id as given; empty when it was left out. */
  readonly revisionId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nowMs: number;
  readonly actionSeq: number;
  readonly traceparent?: string;
  /** Refuse unless this is the current generation; 0: refuse unless the id is new. */
  readonly expectedGeneration?: number;
  /** What another spec under a known revision id gets. */
  readonly revisionConflict: "reject" | "ignore";
}

/** What an apply comes to. `change` and `create` carry the record to store. */
export type ApplyDecision =
  | {
      readonly kind: "create" | "change";
      readonly record: WorkloadRecord;
      readonly message: string;
    }
  | { readonly kind: "skip"; readonly message: string }
  | { readonly kind: "refuse"; readonly error: AgentError };

/**
 * Decides an apply against what is stored: pure, by equality of revision id and digest only. Revision ids have no order: going back to an
 * earlier one is an update like any other, but what has run to its end is not run again while it is the last settled one.
 */
export function decideApply(record: WorkloadRecord | undefined, wish: ApplyWish): ApplyDecision {
  const actual = record?.generation ?? 0;
  const expected = wish.expectedGeneration ?? actual;
  if (expected !== actual) return refuse(generationConflict(wish.id, expected, actual));
  if (record === undefined) {
    if (wish.revision === undefined) return refuse(unknownWorkload(wish.id));
    const message = `revision ${wish.revision.revisionId} accepted`;
    return { kind: "create", record: newRecord(wish, wish.revision), message };
  }
  if (record.desired === "deleted") return decideQueued(record, wish);
  if (record.type !== wish.type) return refuse(typeMismatch(wish.id, record.type, wish.type));
  return decideAgainst(record, wish);
}

function decideAgainst(record: WorkloadRecord, wish: ApplyWish): ApplyDecision {
  const { wanted } = record;
  const revision = wishedRevision(wish, wanted);
  if (revision === undefined)
    return refuse(specMissing(wish.id, wish.revisionId, wanted.revisionId));
  if (revision.revisionId !== wanted.revisionId) {
    const message = `update from revision ${wanted.revisionId} to ${revision.revisionId} accepted`;
    return {
      kind: "change",
      record: withFallbackAtRest(updated(record, revision, wish), record),
      message,
    };
  }
  if (revision.digest !== wanted.digest) return conflict(wish, wanted.revisionId);
  if (record.desired !== wish.desired) {
    const next = nextGeneration(record, wish);
    const again = wish.desired === "running" ? anew(wanted, record) : next.wanted;
    const changed = { ...next, desired: wish.desired, wanted: again };
    return {
      kind: "change",
      record: withFallbackAtRest(changed, record),
      message: `wanted state changed to ${wish.desired}`,
    };
  }
  if (wanted.givenUp !== undefined) {
    const message = `revision ${wanted.revisionId} is tried again`;
    return { kind: "change", record: nextGeneration(record, wish), message };
  }
  return { kind: "skip", message: `revision ${wanted.revisionId} is already applied` };
}

/** An apply while the id is being deleted waits for that, in the place of one that waits already. */
function decideQueued(record: WorkloadRecord, wish: ApplyWish): ApplyDecision {
  const queued = record.next;
  const revision = wishedRevision(wish, queued?.wanted);
  if (revision === undefined) {
    return refuse(
      queued === undefined
        ? unknownWorkload(wish.id)
        : specMissing(wish.id, wish.revisionId, queued.wanted.revisionId),
    );
  }
  const type = wish.revision === undefined ? (queued?.type ?? wish.type) : wish.type;
  if (queued?.type === type && queued.wanted.revisionId === revision.revisionId) {
    if (queued.wanted.digest !== revision.digest) return conflict(wish, revision.revisionId);
    const message = `revision ${revision.revisionId} already waits for the deletion to finish`;
    if (queued.desired === wish.desired) return { kind: "skip", message };
  }
  const labels = wish.revision === undefined ? (queued?.labels ?? wish.labels) : wish.labels;
  const next = queuedCreation({ ...wish, type, labels }, revision, queued);
  return {
    kind: "change",
    record: { ...record, generation: record.generation + 1, next, updatedAtMs: wish.nowMs },
    message: `revision ${revision.revisionId} accepted; it is created once the deletion has finished`,
  };
}

function queuedCreation(
  wish: ApplyWish,
  wanted: Revision,
  queued: NextCreation | undefined,
): NextCreation {
  const { type, desired, labels, nowMs, actionSeq, traceparent } = wish;
  // What is sealed in a revision holds for its creation alone.
  const uid = wanted === queued?.wanted ? queued.uid : wish.uid;
  const creation = { type, uid, desired, wanted, labels, createdAtMs: nowMs, actionSeq };
  return traceparent === undefined ? creation : { ...creation, traceparent };
}

/** The revision a wish means: its own, or without one the one there is, unless it names another. */
function wishedRevision(wish: ApplyWish, known: Revision | undefined): Revision | undefined {
  const isKnown = wish.revisionId === "" || wish.revisionId === known?.revisionId;
  return wish.revision ?? (isKnown ? known : undefined);
}

/** The record of a creation that waited for a deletion, once that has finished. Generation and observation go on, never back. */
export function nextCreation(record: WorkloadRecord, nowMs: number): WorkloadRecord | undefined {
  const { next } = record;
  if (next === undefined) return undefined;
  return {
    ...blank(next.uid, next.wanted, next.createdAtMs),
    id: record.id,
    type: next.type,
    generation: record.generation,
    desired: next.desired,
    labels: next.labels,
    observation: record.observation,
    observedSequence: record.observedSequence,
    observedAtMs: record.observedAtMs,
    updatedAtMs: nowMs,
    transitionAtMs: nowMs,
    ...(next.actionSeq === undefined ? {} : { actionSeq: next.actionSeq }),
    ...(next.traceparent === undefined ? {} : { traceparent: next.traceparent }),
  };
}

/** The record after a delete, or undefined when it is already on its way out and nothing waits behind it. */
export function decideDelete(
  record: WorkloadRecord,
  request: RequestStamp,
): WorkloadRecord | undefined {
  const { next, ...rest } = record;
  if (record.desired !== "deleted")
    return { ...nextGeneration(rest, request), desired: "deleted", removed: false };
  return next === undefined
    ? undefined
    : {
        ...rest,
        generation: record.generation + 1,
        actionSeq: request.actionSeq,
        updatedAtMs: request.nowMs,
      };
}

/** The record after a retry, or undefined when nothing failed or waits. */
export function decideRetry(
  record: WorkloadRecord,
  request: RequestStamp,
): WorkloadRecord | undefined {
  const revisions = [record.wanted, ...(record.fallback === undefined ? [] : [record.fallback])];
  const failing =
    record.chore.attempts > 0 ||
    revisions.some((it) => it.givenUp !== undefined || it.trial.attempts > 0);
  return failing ? nextGeneration(record, request) : undefined;
}

function newRecord(wish: ApplyWish, revision: Revision): WorkloadRecord {
  return {
    ...blank(wish.uid, revision, wish.nowMs),
    id: wish.id,
    type: wish.type,
    generation: 1,
    desired: wish.desired,
    labels: wish.labels,
    actionSeq: wish.actionSeq,
    ...(wish.traceparent === undefined ? {} : { traceparent: wish.traceparent }),
  };
}

function blank(
  uid: string,
  wanted: Revision,
  nowMs: number,
): Omit<WorkloadRecord, "id" | "type" | "generation" | "desired" | "labels"> {
  return {
    uid,
    wanted,
    leftovers: false,
    chore: freshTrial,
    removed: false,
    observation: { kind: "absent" },
    observedSequence: [0, 0],
    observedAtMs: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    transitionAtMs: nowMs,
  };
}

function updated(record: WorkloadRecord, revision: Revision, wish: ApplyWish): WorkloadRecord {
  const { fallback, ...rest } = nextGeneration(record, wish);
  const keeps = record.wanted.settled ? record.wanted : record.fallback;
  const isBack = keeps?.revisionId === revision.revisionId && keeps.digest === revision.digest;
  const leftovers = rest.leftovers || isBack || !record.wanted.settled;
  const base = { ...rest, desired: wish.desired, labels: wish.labels, leftovers };
  if (isBack) {
    const isBroughtUp = record.desired === "stopped" && wish.desired === "running";
    const isOver = keeps.completed && !isBroughtUp;
    return { ...base, wanted: roused(isOver ? (fallback ?? keeps) : anew(keeps, record)) };
  }
  const wanted = anew(revision, record);
  if (keeps === undefined) return { ...base, wanted };
  // What was given up is tried again in a new generation, also as the one to fall back to.
  const again = keeps.givenUp === undefined ? keeps : fallbackAgain(keeps, record);
  return { ...base, wanted, fallback: again };
}

function conflict(wish: ApplyWish, revisionId: string): ApplyDecision {
  const error = revisionConflict(wish.id, revisionId);
  if (wish.revisionConflict === "reject") return refuse(error);
  const message = `revision ${revisionId} of workload ${wish.id} is already applied with another spec; the new one is ignored`;
  return { kind: "skip", message };
}

function refuse(error: AgentError): ApplyDecision {
  return { kind: "refuse", error };
}
