import { AgentError } from "../errors/agent-error.ts";
import {
  freshTrial,
  type NextCreation,
  type Revision,
  type WorkloadRecord,
} from "./workload-record.ts";
import type { WorkloadId } from "./workload-id.ts";

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
 * earlier one is an update like any other.
 */
export function decideApply(record: WorkloadRecord | undefined, wish: ApplyWish): ApplyDecision {
  const stale = staleGeneration(record, wish);
  if (stale !== undefined) return { kind: "refuse", error: stale };
  if (record === undefined) {
    const revision = wish.revision;
    if (revision === undefined) return { kind: "refuse", error: unknownWorkload(wish.id) };
    return {
      kind: "create",
      record: newRecord(wish, revision),
      message: `revision ${revision.revisionId} accepted`,
    };
  }
  if (record.desired === "deleted") return decideQueued(record, wish);
  if (record.type !== wish.type)
    return { kind: "refuse", error: typeMismatch(wish.id, record.type, wish.type) };
  return decideAgainst(record, wish);
}

function decideAgainst(record: WorkloadRecord, wish: ApplyWish): ApplyDecision {
  const { wanted } = record;
  const revision =
    wish.revision ??
    (wish.revisionId === "" || wish.revisionId === wanted.revisionId ? wanted : undefined);
  if (revision === undefined) return { kind: "refuse", error: noSpec(wish, wanted.revisionId) };
  if (revision.revisionId !== wanted.revisionId) {
    const message = `update from revision ${wanted.revisionId} to ${revision.revisionId} accepted`;
    return { kind: "change", record: updated(record, revision, wish), message };
  }
  if (revision.digest !== wanted.digest) return conflict(wish, wanted.revisionId);
  if (record.desired !== wish.desired) {
    const changed = { ...restarted(record, wish), desired: wish.desired, wanted: anew(wanted) };
    return { kind: "change", record: changed, message: `wanted state changed to ${wish.desired}` };
  }
  if (wanted.givenUp !== undefined) {
    return {
      kind: "change",
      record: restarted(record, wish),
      message: `revision ${wanted.revisionId} is tried again`,
    };
  }
  return { kind: "skip", message: `revision ${wanted.revisionId} is already applied` };
}

function decideQueued(record: WorkloadRecord, wish: ApplyWish): ApplyDecision {
  const revision = wish.revision;
  if (revision === undefined) return { kind: "refuse", error: unknownWorkload(wish.id) };
  const queued = record.next;
  if (
    queued?.type === wish.type &&
    queued.wanted.revisionId === revision.revisionId &&
    queued.desired === wish.desired
  ) {
    if (queued.wanted.digest !== revision.digest) return conflict(wish, queued.wanted.revisionId);
    return {
      kind: "skip",
      message: `revision ${revision.revisionId} already waits for the deletion to finish`,
    };
  }
  const next: NextCreation = {
    type: wish.type,
    uid: wish.uid,
    desired: wish.desired,
    wanted: revision,
    labels: wish.labels,
    createdAtMs: wish.nowMs,
    actionSeq: wish.actionSeq,
    ...(wish.traceparent === undefined ? {} : { traceparent: wish.traceparent }),
  };
  const message = `revision ${revision.revisionId} accepted; it is created once the deletion has finished`;
  return {
    kind: "change",
    record: { ...record, generation: record.generation + 1, next, updatedAtMs: wish.nowMs },
    message,
  };
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
  request: { readonly nowMs: number; readonly actionSeq: number; readonly traceparent?: string },
): WorkloadRecord | undefined {
  const { next, ...rest } = record;
  if (record.desired === "deleted") {
    return next === undefined
      ? undefined
      : { ...rest, generation: record.generation + 1, updatedAtMs: request.nowMs };
  }
  return { ...restarted(rest, request), desired: "deleted", removed: false };
}

/** The record after a retry, or undefined when nothing failed or waits. */
export function decideRetry(
  record: WorkloadRecord,
  request: { readonly nowMs: number; readonly actionSeq: number; readonly traceparent?: string },
): WorkloadRecord | undefined {
  const revisions = [record.wanted, ...(record.fallback === undefined ? [] : [record.fallback])];
  const failing =
    record.chore.attempts > 0 ||
    revisions.some((it) => it.givenUp !== undefined || it.trial.attempts > 0);
  return failing ? restarted(record, request) : undefined;
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

/** The next generation of a record, with everything that was held against its revisions forgotten. */
function restarted(
  record: WorkloadRecord,
  request: { readonly nowMs: number; readonly actionSeq: number; readonly traceparent?: string },
): WorkloadRecord {
  const { traceparent: _, ...rest } = record;
  return {
    ...rest,
    generation: record.generation + 1,
    wanted: record.wanted.completed ? pardoned(record.wanted) : anew(record.wanted),
    ...(record.fallback === undefined ? {} : { fallback: pardoned(record.fallback) }),
    chore: freshTrial,
    actionSeq: request.actionSeq,
    updatedAtMs: request.nowMs,
    ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
  };
}

/** Failures are forgotten; what has run to its end stays so. */
function pardoned(revision: Revision): Revision {
  const { givenUp: _, ...rest } = revision;
  return { ...rest, ends: 0, trial: freshTrial };
}

/** As if it had never been started. */
function anew(revision: Revision): Revision {
  return { ...pardoned(revision), starts: 0, completed: false };
}

function updated(record: WorkloadRecord, revision: Revision, wish: ApplyWish): WorkloadRecord {
  const { wanted, fallback, ...rest } = restarted(record, wish);
  const keeps = record.wanted.settled ? record.wanted : record.fallback;
  const back =
    keeps !== undefined &&
    keeps.revisionId === revision.revisionId &&
    keeps.digest === revision.digest;
  const left = rest.leftovers || back || !record.wanted.settled;
  const base = { ...rest, desired: wish.desired, labels: wish.labels, leftovers: left };
  if (back) return { ...base, wanted: anew(keeps) };
  return { ...base, wanted: revision, ...(keeps === undefined ? {} : { fallback: keeps }) };
}

function staleGeneration(
  record: WorkloadRecord | undefined,
  wish: ApplyWish,
): AgentError | undefined {
  const expected = wish.expectedGeneration;
  const actual = record?.generation ?? 0;
  if (expected === undefined || expected === actual) return undefined;
  const message = `workload ${wish.id} is at generation ${actual}, not ${expected}: read it again and decide anew`;
  return new AgentError("GENERATION_CONFLICT", message, {
    fault: "user",
    effect: "none",
    details: { expected, actual },
  });
}

function unknownWorkload(id: WorkloadId): AgentError {
  const message = `workload not found: ${id}; an apply without a spec needs an existing workload`;
  return new AgentError("NOT_FOUND", message, { fault: "user", effect: "none", details: { id } });
}

/** What an apply of another type than the workload has is refused with. */
export function typeMismatch(id: string, type: string, wanted: string): AgentError {
  const message = `workload ${id} is of type ${type} and cannot become ${wanted}: delete it first`;
  const details = { id, type };
  return new AgentError("TYPE_MISMATCH", message, { fault: "user", effect: "none", details });
}

function noSpec(wish: ApplyWish, current: string): AgentError {
  const message = `revision ${wish.revisionId} of workload ${wish.id} is not the current one (${current}) and came without a spec: send its spec`;
  return new AgentError("REVISION_CONFLICT", message, {
    fault: "user",
    effect: "none",
    details: { id: wish.id, current },
  });
}

function conflict(wish: ApplyWish, revisionId: string): ApplyDecision {
  const message = `revision ${revisionId} of workload ${wish.id} is already applied with another spec`;
  if (wish.revisionConflict === "ignore")
    return { kind: "skip", message: `${message}; the new one is ignored` };
  const error = new AgentError(
    "REVISION_CONFLICT",
    `${message}: give the new spec a new revision id`,
    {
      fault: "user",
      effect: "none",
      details: { id: wish.id, revision: revisionId },
    },
  );
  return { kind: "refuse", error };
}
