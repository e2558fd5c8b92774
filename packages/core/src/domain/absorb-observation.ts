import { activeTarget, currentOf, runKey, withRevision } from "./active-target.ts";
import { afterUnexpectedEnd, type BackOffContext } from "./back-off.ts";
import type { Failure, FailureReason } from "./failure.ts";
import { withFallbackRoused } from "./new-generation.ts";
import {
  currentInstance,
  type Instance,
  type InstanceExit,
  isAnyUp,
  isLive,
  keptInstance,
  type Observation,
} from "./observation.ts";
import { completesOnExitZero } from "./restart-policy.ts";
import { freshTrial, type Revision, type WorkloadRecord } from "./workload-record.ts";

/** What is needed to judge an observation. */
export interface AbsorbContext extends BackOffContext {
  readonly settleAfterMs: number;
}

/**
 * The record after an observation: ends are counted once each, completion and settling are noted, a trial is forgotten once the instance
 * has stayed up. The same observation absorbed again changes nothing and returns the same object. An unreadable one says nothing and
 * changes nothing. The observation itself is stored by the caller.
 */
export function absorbObservation(
  record: WorkloadRecord,
  observation: Observation,
  context: AbsorbContext,
): WorkloadRecord {
  if (observation.kind === "unreadable") return record;
  const tidied = isChoreDone(record, observation) ? { ...record, chore: freshTrial } : record;
  if (record.desired !== "running") return tidied;
  return afterLook(withoutRest(tidied, observation), observation, context);
}

/** What is up runs, by whomever it was begun, and is kept running; unless it is a stop of ours that has not ended it yet. */
function withoutRest(record: WorkloadRecord, observation: Observation): WorkloadRecord {
  const isUp = record.intent?.step !== "stop" && isAnyUp(observation);
  return isUp ? withFallbackRoused(record) : record;
}

/** Whether a stop or retire that was said to have failed has left nothing to stop or to retire. */
function isChoreDone(record: WorkloadRecord, seen: Observation): boolean {
  const { chore, desired, leftovers } = record;
  if (chore.attempts === 0 || desired === "deleted") return false;
  const live = seen.kind === "present" ? seen.instances.filter(isLive).length : 0;
  if (desired === "stopped") return live === 0;
  const mayBeUp = activeTarget(record)?.revision.completed === true ? 0 : 1;
  return keptInstance(seen) === undefined && !leftovers && live <= mayBeUp;
}

function afterLook(
  record: WorkloadRecord,
  observation: Observation,
  context: AbsorbContext,
): WorkloadRecord {
  const active = activeTarget(record);
  if (active === undefined) return record;
  const { target, revision } = active;
  const own = currentOf(record, revision, observation);
  const after =
    own === undefined
      ? afterAbsence(revision, observation, context)
      : afterInstance(record, revision, own, context);
  if (after === revision) return record;
  const changed = withRevision(record, target, after);
  return target === "wanted" && after.settled ? withoutFallback(changed) : changed;
}

/** The wanted revision has settled, so there is nothing to fall back to any more; what was kept for that is left to be retired. */
function withoutFallback(record: WorkloadRecord): WorkloadRecord {
  const { fallback, ...rest } = record;
  return fallback === undefined ? record : { ...rest, leftovers: true };
}

function afterAbsence(
  revision: Revision,
  observation: Observation,
  context: AbsorbContext,
): Revision {
  if (currentInstance(observation) !== undefined || revision.starts === 0) return revision;
  if (revision.completed || revision.givenUp !== undefined) return revision;
  const key = runKey(undefined, revision.starts);
  if (revision.accountedRun === key) return revision;
  return afterEnd(
    revision,
    { key, reason: "DISAPPEARED", message: "its instance is gone" },
    context,
  );
}

function afterInstance(
  record: WorkloadRecord,
  revision: Revision,
  own: Instance,
  context: AbsorbContext,
): Revision {
  if (own.state === "exited") return afterExit(revision, own, context);
  if (own.state === "created") return revision;
  const started = revision.starts === 0 ? { ...revision, starts: 1 } : revision;
  if (own.state !== "running") return started;
  return isDrifted(own, started)
    ? afterDrift(started, own, context)
    : afterUp(started, own, { upSinceMs: upSinceMs(own, record), context });
}

function afterUp(
  revision: Revision,
  own: Instance,
  { upSinceMs: sinceMs, context }: { readonly upSinceMs: number; readonly context: AbsorbContext },
): Revision {
  const isUp = own.health === "none" || own.health === "healthy";
  const stayedUp = isUp && context.nowMs - sinceMs >= context.settleAfterMs;
  const settles = own.health === "healthy" || stayedUp;
  const forgets = stayedUp && revision.trial.attempts > 0;
  const proves = settles && (!revision.settled || revision.unproven === true);
  if (!forgets && !proves) return revision;
  const { unproven: _, ...rest } = revision;
  return {
    ...(proves ? rest : revision),
    settled: revision.settled || settles,
    ...(forgets ? { trial: freshTrial } : {}),
  };
}

/** Since when an instance has been up, Unix milliseconds. */
export function upSinceMs(instance: Instance, record: WorkloadRecord): number {
  return instance.startedAtMs ?? record.observedAtMs;
}

/** Whether the instance is to be made again because its configuration was changed. Not where one start is all there may be. */
export function isDrifted(own: Instance, revision: Revision): boolean {
  return own.drift.length > 0 && revision.restart.kind !== "no";
}

/** Counted as an end that nobody asked for: what drifts again and again is made again under the same back-off. */
function afterDrift(revision: Revision, own: Instance, context: AbsorbContext): Revision {
  const key = `drift#${runKey(own, revision.starts)}`;
  if (revision.accountedRun === key) return revision;
  const failure = {
    reason: "RUNTIME_ERROR",
    message: `it is not as it was started: ${own.drift.join(", ")}`,
    retryable: true,
    atMs: context.nowMs,
  } as const;
  const trial = afterUnexpectedEnd(revision.trial, failure, context);
  return { ...revision, accountedRun: key, trial };
}

function afterExit(revision: Revision, own: Instance, context: AbsorbContext): Revision {
  const key = runKey(own, revision.starts);
  if (revision.completed || revision.accountedRun === key) return revision;
  const { exit } = own;
  if (exit?.kind !== "code") {
    const message = detailed("it ended, how is unknown", exit);
    return afterEnd(revision, { key, reason: "EXIT_UNKNOWN", message }, context);
  }
  if (exit.oomKilled === true) {
    const message = detailed("it was killed for want of memory", exit);
    return afterEnd(revision, { key, reason: "OOM_KILLED", message }, context);
  }
  if (exit.code === 0 && completesOnExitZero(revision.restart)) {
    const { unproven: _, ...rest } = revision;
    return { ...rest, accountedRun: key, completed: true, settled: true, trial: freshTrial };
  }
  const message = detailed(`it ended with exit code ${exit.code}`, exit);
  return afterEnd(revision, { key, reason: "EXITED", message }, context);
}

function detailed(message: string, exit: InstanceExit | undefined): string {
  return exit?.detail === undefined ? message : `${message}: ${exit.detail}`;
}

interface End {
  readonly key: string;
  readonly reason: FailureReason;
  readonly message: string;
}

function afterEnd(revision: Revision, end: End, context: AbsorbContext): Revision {
  const ends = revision.ends + 1;
  const failure: Failure = { ...verdict(revision, ends, end), atMs: context.nowMs };
  return {
    ...revision,
    accountedRun: end.key,
    ends,
    trial: afterUnexpectedEnd(revision.trial, failure, context),
  };
}

function verdict(
  { restart }: Revision,
  ends: number,
  { reason, message }: End,
): Omit<Failure, "atMs"> {
  if (restart.kind === "no") return { reason, message, retryable: false };
  if (restart.kind === "on-failure" && restart.maxRetries > 0 && ends > restart.maxRetries) {
    return {
      reason: "RESTARTS_EXHAUSTED",
      message: `${message}; the ${restart.maxRetries} restarts its policy allows are used up`,
      retryable: false,
    };
  }
  return { reason, message, retryable: true };
}
