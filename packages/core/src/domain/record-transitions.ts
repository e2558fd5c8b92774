import { activeTarget, currentOf, revisionOf, runKey, withRevision } from "./active-target.ts";
import {
  afterPrepareSuccess,
  afterStepFailure,
  afterStepSuccess,
  type BackOffContext,
} from "./back-off.ts";
import type { Failure } from "./failure.ts";
import {
  currentInstance,
  type Instance,
  isLive,
  keptInstance,
  type Observation,
} from "./observation.ts";
import { withFallbackRoused } from "./new-generation.ts";
import type { RuntimeStep, Step, StepTarget } from "./step.ts";
import {
  freshTrial,
  isOf,
  type Revision,
  type Trial,
  type WorkloadRecord,
} from "./workload-record.ts";

/**
 * The record with a step's intent written down, as it is stored before the step is performed: whatever happens to the agent in between,
 * a start is counted at most once too often, never once too seldom.
 */
export function withIntent(
  record: WorkloadRecord,
  step: Step,
  observation: Observation,
  nowMs: number,
): WorkloadRecord {
  const marked: WorkloadRecord = {
    ...record,
    intent: { step: step.kind, cause: step.cause, atMs: nowMs },
  };
  if (step.kind === "stop") return withStopAsked(marked, observation);
  if (step.kind !== "start" && step.kind !== "replace" && step.kind !== "restore") return marked;
  const from = step.kind === "restore" ? keptInstance(observation) : currentInstance(observation);
  const started = withStartCounted(marked, step, from);
  return step.target === "wanted"
    ? withFallbackRoused(withFallbackSetAside(started, observation))
    : started;
}

/** What ends by our own stop did not end unexpectedly, nor has it run to its end. */
function withStopAsked(record: WorkloadRecord, observation: Observation): WorkloadRecord {
  const { wanted, fallback } = record;
  const asked = (revision: Revision): Revision => {
    const own = currentOf(record, revision, observation);
    return own === undefined ? revision : withAccountedRun(revision, runKey(own, revision.starts));
  };
  const stopped = { ...record, wanted: asked(wanted) };
  return fallback === undefined ? stopped : { ...stopped, fallback: asked(fallback) };
}

function withStartCounted(
  record: WorkloadRecord,
  { kind, target }: Extract<RuntimeStep, { readonly target: StepTarget }>,
  from: Instance | undefined,
): WorkloadRecord {
  const revision = revisionOf(record, target);
  if (revision === undefined) return record;
  const own = from !== undefined && isOf(from, record, revision) ? from : undefined;
  const counted = { ...revision, starts: revision.starts + 1 };
  // What is up, or only paused, goes on in the same run: its end is still to come.
  if (own !== undefined && isLive(own) && kind !== "replace")
    return withRevision(record, target, counted);
  const accountedRun = own === undefined ? undefined : runKey(own, revision.starts);
  return withRevision(record, target, withAccountedRun(counted, accountedRun));
}

/** What ends by our own replacement did not end unexpectedly, and may be run again should it be restored. */
function withFallbackSetAside(record: WorkloadRecord, observation: Observation): WorkloadRecord {
  const { fallback } = record;
  const own = fallback && currentOf(record, fallback, observation);
  if (fallback === undefined || own === undefined) return record;
  const asNew = { ...fallback, starts: 0, ends: 0, trial: freshTrial };
  return { ...record, fallback: withAccountedRun(asNew, runKey(own, fallback.starts)) };
}

function withAccountedRun(revision: Revision, run: string | undefined): Revision {
  const { accountedRun: _, ...rest } = revision;
  return run === undefined ? rest : { ...rest, accountedRun: run };
}

/** The record after a step that succeeded. */
export function afterSuccess(record: WorkloadRecord, step: Step): WorkloadRecord {
  const done = withoutIntent(record);
  switch (step.kind) {
    case "prepare":
      return onTarget(done, step.target, (it) => ({
        ...it,
        prepared: true,
        trial: afterPrepareSuccess(it.trial),
      }));
    case "start":
    case "replace":
    case "restore":
      return onTarget(done, step.target, (it) => ({ ...it, trial: afterStepSuccess(it.trial) }));
    case "retire":
      return { ...done, leftovers: false, chore: freshTrial };
    case "stop":
      return { ...done, chore: freshTrial };
    case "remove":
      return { ...done, chore: freshTrial, removed: true };
    case "giveUp":
      return afterGivingUp(done, step.target, step.failure);
    case "settled":
    case "wait":
    case "forget":
      return done;
  }
}

/** The record after a step that failed, or whose outcome is not known. */
export function afterFailure(
  record: WorkloadRecord,
  step: Step,
  failed: FailedStep,
  context: BackOffContext,
): WorkloadRecord {
  const done = withoutIntent(record);
  const next = (trial: Trial, failure: Failure): Trial =>
    afterStepFailure(trial, failure, context, failed.retryAfterMs);
  switch (step.kind) {
    case "stop":
    case "remove":
    case "retire":
      return { ...done, chore: next(done.chore, { ...failed.failure, retryable: true }) };
    case "prepare":
      return onTarget(done, step.target, (it) => ({
        ...it,
        trial: next(it.trial, failed.failure),
      }));
    case "start":
    case "replace":
    case "restore":
      return onTarget(done, step.target, (it) => afterFailedStart(it, failed, next));
    case "settled":
    case "wait":
    case "forget":
    case "giveUp":
      return done;
  }
}

/** What is known of a failed step. */
export interface FailedStep {
  readonly failure: Failure;
  /** Whether the step is known to have changed nothing. */
  readonly effect: "none" | "unknown";
  readonly retryAfterMs: number;
}

function afterFailedStart(
  revision: Revision,
  failed: FailedStep,
  next: (trial: Trial, failure: Failure) => Trial,
): Revision {
  if (failed.failure.reason === "NOT_PREPARED") {
    return {
      ...revision,
      prepared: false,
      trial: next(revision.trial, { ...failed.failure, retryable: true }),
    };
  }
  const counted = { ...revision, trial: next(revision.trial, failed.failure) };
  const { starts, restart, accountedRun } = revision;
  const absenceCounts = starts === 0 || restart.kind === "no" || accountedRun !== undefined;
  return absenceCounts ? counted : { ...counted, accountedRun: runKey(undefined, starts) };
}

/** The record after a step that was called off: nothing is held against the revision. */
export function afterCancellation(record: WorkloadRecord): WorkloadRecord {
  return withoutIntent(record);
}

function afterGivingUp(
  record: WorkloadRecord,
  target: StepTarget,
  failure: Failure,
): WorkloadRecord {
  const given = onTarget(record, target, (it) => ({ ...it, givenUp: failure }));
  return target === "wanted" ? withFallbackRoused(given) : given;
}

function withoutIntent(record: WorkloadRecord): WorkloadRecord {
  const { intent, ...rest } = record;
  return intent === undefined ? record : rest;
}

function onTarget(
  record: WorkloadRecord,
  target: StepTarget,
  change: (revision: Revision) => Revision,
): WorkloadRecord {
  const revision = revisionOf(record, target);
  return revision === undefined ? record : withRevision(record, target, change(revision));
}

/** Whether a start step works for what is committed as wanted or as the last settled revision: the only step taken without a commit. */
export function mayStartUncommitted(record: WorkloadRecord, step: Step): boolean {
  if (step.kind !== "start") return false;
  const active = activeTarget(record);
  return (
    active !== undefined && active.target === step.target && active.revision.restart.kind !== "no"
  );
}
