import { activeTarget, currentOf, runKey, withRevision } from "./active-target.ts";
import { afterUnexpectedEnd, type BackOffContext } from "./back-off.ts";
import type { Failure, FailureReason } from "./failure.ts";
import { currentInstance, type Instance, type Observation } from "./observation.ts";
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
  if (observation.kind === "unreadable" || record.desired !== "running") return record;
  const active = activeTarget(record);
  if (active === undefined) return record;
  const { target, revision } = active;
  const current = currentInstance(observation);
  const own = currentOf(record, revision, observation);
  const after =
    own === undefined
      ? afterAbsence(revision, current, context)
      : afterInstance(record, revision, own, context);
  return after === revision ? record : withRevision(record, target, after);
}

function afterAbsence(
  revision: Revision,
  current: Instance | undefined,
  context: AbsorbContext,
): Revision {
  if (
    current !== undefined ||
    revision.starts === 0 ||
    revision.completed ||
    revision.givenUp !== undefined
  )
    return revision;
  const key = runKey(undefined, revision.starts);
  if (revision.accountedRun === key) return revision;
  return afterEnd(
    revision,
    key,
    { reason: "DISAPPEARED", message: "its instance is gone" },
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
  if (own.state !== "running") return revision;
  const upMs = context.nowMs - upSinceMs(own, record);
  const stayedUp =
    upMs >= context.settleAfterMs && own.health !== "unhealthy" && own.health !== "starting";
  const settles = own.health === "healthy" || (own.health === "none" && stayedUp);
  const settled = revision.settled || settles;
  const trial =
    stayedUp && own.drift.length === 0 && revision.trial.attempts > 0 ? freshTrial : revision.trial;
  if (settled === revision.settled && trial === revision.trial) return revision;
  return { ...revision, settled, trial };
}

/** Since when an instance has been up, Unix milliseconds. */
export function upSinceMs(instance: Instance, record: WorkloadRecord): number {
  return instance.startedAtMs ?? record.observedAtMs;
}

function afterExit(revision: Revision, own: Instance, context: AbsorbContext): Revision {
  const key = runKey(own, revision.starts);
  if (revision.starts === 0 || revision.completed || revision.accountedRun === key) return revision;
  const { exit } = own;
  if (exit?.kind !== "code")
    return afterEnd(
      revision,
      key,
      { reason: "EXIT_UNKNOWN", message: "it ended, how is unknown" },
      context,
    );
  if (exit.oomKilled === true)
    return afterEnd(
      revision,
      key,
      { reason: "OOM_KILLED", message: "it was killed for want of memory" },
      context,
    );
  if (exit.code === 0 && completesOnExitZero(revision.restart)) {
    return { ...revision, accountedRun: key, completed: true, settled: true, trial: freshTrial };
  }
  return afterEnd(
    revision,
    key,
    { reason: "EXITED", message: `it ended with exit code ${exit.code}` },
    context,
  );
}

function afterEnd(
  revision: Revision,
  key: string,
  what: { readonly reason: FailureReason; readonly message: string },
  context: AbsorbContext,
): Revision {
  const ends = revision.ends + 1;
  const failure: Failure = { ...verdict(revision, ends, what), atMs: context.nowMs };
  return {
    ...revision,
    accountedRun: key,
    ends,
    trial: afterUnexpectedEnd(revision.trial, failure, context),
  };
}

function verdict(
  revision: Revision,
  ends: number,
  what: { readonly reason: FailureReason; readonly message: string },
): Omit<Failure, "atMs"> {
  const policy = revision.restart;
  if (policy.kind === "no") return { ...what, retryable: false };
  if (policy.kind === "on-failure" && policy.maxRetries > 0 && ends > policy.maxRetries) {
    const message = `${what.message}; the ${policy.maxRetries} restarts its policy allows are used up`;
    return { reason: "RESTARTS_EXHAUSTED", message, retryable: false };
  }
  return { ...what, retryable: true };
}
