import { currentOf, runKey } from "./active-target.ts";
import { isAnyUp } from "./observation.ts";
import { freshTrial, type Revision, type WorkloadRecord } from "./workload-record.ts";

/** What every request that changes a record brings along. */
export interface RequestStamp {
  readonly nowMs: number;
  readonly actionSeq: number;
  readonly traceparent?: string;
}

/**
 * The next generation of a record: everything that was held against its revisions is forgotten, and they may be started as often as their
 * policy says. What has run to its end stays so; so does a fallback that was allowed one start and has had it.
 */
export function nextGeneration(record: WorkloadRecord, request: RequestStamp): WorkloadRecord {
  const { traceparent: _, fallback, ...rest } = record;
  return {
    ...rest,
    generation: record.generation + 1,
    wanted: record.wanted.completed ? pardoned(record.wanted) : anew(record.wanted, record),
    ...(fallback === undefined ? {} : { fallback: fallbackAgain(fallback, record) }),
    chore: freshTrial,
    actionSeq: request.actionSeq,
    updatedAtMs: request.nowMs,
    ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
  };
}

/** As if it had never been started. A run that has ended belongs to the past; one that is under way counts as the start, once it is seen. */
export function anew(revision: Revision, record: WorkloadRecord): Revision {
  const { accountedRun, ...rest } = pardoned(revision);
  const own = currentOf(record, revision, record.observation);
  const run = own === undefined ? undefined : runKey(own, 0);
  const isPast =
    run !== undefined && (own?.state === "exited" || accountedRun === run || isEnding(record));
  return {
    ...rest,
    starts: 0,
    completed: false,
    ...(revision.settled ? { unproven: true } : {}),
    ...(isPast ? { accountedRun: run } : {}),
  };
}

/** Whether a step may be under way that ends what runs. */
function isEnding({ intent }: WorkloadRecord): boolean {
  return intent !== undefined && ["stop", "replace", "restore", "remove"].includes(intent.step);
}

/** The revision to fall back to, in a new generation: tried again, unless it was allowed one start, had it and failed, or has run to its end. */
export function fallbackAgain(fallback: Revision, record: WorkloadRecord): Revision {
  if (fallback.completed) return pardoned(fallback);
  return fallback.restart.kind === "no" && fallback.givenUp !== undefined
    ? fallback
    : anew(fallback, record);
}

/**
 * A workload that was stopped is brought up as what is wanted now, not first as what it was: the one to fall back to stays down until the wanted one
 * is begun or given up. What has not been stopped yet is looked after as ever.
 */
export function withFallbackAtRest(after: WorkloadRecord, before: WorkloadRecord): WorkloadRecord {
  const { fallback } = after;
  const isBroughtUp = before.desired === "stopped" && after.desired === "running";
  if (fallback === undefined || !isBroughtUp || !isGoingDown(before)) return after;
  return { ...after, fallback: { ...fallback, resting: true } };
}

function isGoingDown({ intent, observation }: WorkloadRecord): boolean {
  return intent?.step === "stop" || !isAnyUp(observation);
}

/** The record with its fallback kept running as ever: what it waited for is decided, or it is up. */
export function withFallbackRoused(record: WorkloadRecord): WorkloadRecord {
  if (record.fallback?.resting === undefined) return record;
  return { ...record, fallback: roused(record.fallback) };
}

/** A revision that is started whenever it is to run. */
export function roused(revision: Revision): Revision {
  const { resting: _, ...rest } = revision;
  return rest;
}

function pardoned(revision: Revision): Revision {
  const { givenUp: _, ...rest } = revision;
  return { ...rest, ends: 0, trial: freshTrial };
}
