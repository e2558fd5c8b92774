import { activeTarget, currentOf } from "./active-target.ts";
import { isDrifted, upSinceMs } from "./absorb-observation.ts";
import type { Failure } from "./failure.ts";
import {
  currentInstance,
  type Instance,
  isLive,
  keptInstance,
  type Observation,
} from "./observation.ts";
import type { Step, StepTarget } from "./step.ts";
import { isOf, type Revision, type Trial, type WorkloadRecord } from "./workload-record.ts";

/** The numbers the plan depends on. */
export interface PlanPolicy {
  readonly settleAfterMs: number;
  readonly restoreAfterAttempts: number;
  readonly updatePolicy: "restore" | "keep-trying";
}

/** A look again after this time, at what is on its way up or down by itself, or could not be read. */
const lookAgainAfterMs = 1_000;

/**
 * The one next step for a workload: total, pure, the only place where it is decided what happens to it. Apply, update, delete, healing,
 * retry and recovery after a crash all go through here.
 *
 * `record` has absorbed `observation` before. From an unreadable observation the step is always `wait`.
 */
export function planNextStep(
  record: WorkloadRecord,
  observation: Observation,
  policy: PlanPolicy,
  nowMs: number,
): Step {
  if (observation.kind === "unreadable") {
    return {
      kind: "wait",
      cause: `what exists cannot be read: ${observation.failure.message}`,
      untilMs: nowMs + lookAgainAfterMs,
    };
  }
  const plan: Plan = { record, observation, policy, nowMs };
  switch (record.desired) {
    case "deleted":
      return planDeleted(plan);
    case "stopped":
      return planStopped(plan);
    case "running":
      return planRunning(plan);
  }
}

interface Plan {
  readonly record: WorkloadRecord;
  readonly observation: Exclude<Observation, { kind: "unreadable" }>;
  readonly policy: PlanPolicy;
  readonly nowMs: number;
}

function planDeleted({ record, observation, nowMs }: Plan): Step {
  if (observation.kind === "absent" && record.removed)
    return { kind: "forget", cause: "nothing of it exists any more" };
  return whenDue(record.chore, nowMs, { kind: "remove", cause: "it is to be deleted" });
}

function planStopped(plan: Plan): Step {
  const { record, observation } = plan;
  if (observation.kind === "present" && observation.instances.some(isLive)) {
    return stopStep(plan, "it is to be stopped");
  }
  const { wanted } = record;
  if (wanted.prepared || wanted.givenUp !== undefined)
    return { kind: "settled", cause: "stopped as wanted" };
  const verdict = giveUpVerdict(plan, "wanted", wanted);
  return verdict ?? prepareStep(plan, "wanted", wanted);
}

function planRunning(plan: Plan): Step {
  const { wanted, fallback } = plan.record;
  const active = activeTarget(plan.record);
  const parting = partTwo(plan, active?.revision);
  if (parting !== undefined) return parting;
  if (wanted.givenUp === undefined) {
    const verdict = giveUpVerdict(plan, "wanted", wanted);
    if (verdict !== undefined) return verdict;
    if (!wanted.prepared) return planUnprepared(plan);
  }
  if (active === undefined)
    return { kind: "settled", cause: `given up: ${wanted.givenUp?.message ?? ""}` };
  if (active.target === "fallback" && fallback !== undefined) return planFallback(plan, fallback);
  return keepRunning(plan, "wanted", wanted);
}

/**
 * What is set aside is never up by our own doing. Next to a current instance it ends before anything is started, unless it is the very one
 * to be restored.
 */
function partTwo(
  { record, observation, ...plan }: Plan,
  active: Revision | undefined,
): Step | undefined {
  const [current, kept] = [currentInstance(observation), keptInstance(observation)];
  if (current === undefined || kept === undefined || !isLive(kept)) return undefined;
  const isToBeRestored =
    active !== undefined && isOf(kept, record, active) && !isOf(current, record, active);
  if (isToBeRestored) return undefined;
  const cause = "what is set aside runs as well";
  // What may be started only once is not stopped for it.
  const kind = active?.restart.kind === "no" ? "retire" : "stop";
  return whenDue(record.chore, plan.nowMs, { kind, cause });
}

/** While the wanted revision is not prepared, the last settled one is kept running; its healing goes first. One that was stopped stays so. */
function planUnprepared(plan: Plan): Step {
  const { wanted, fallback } = plan.record;
  const prepare = prepareStep(plan, "wanted", wanted);
  if (fallback === undefined) return prepare;
  if (fallback.resting === true) {
    const cause = `${prepare.cause}; revision ${fallback.revisionId} was stopped, and stays so meanwhile`;
    return { ...prepare, cause };
  }
  const heal = planFallback(plan, fallback);
  if (heal.kind !== "settled" && heal.kind !== "wait") return heal;
  if (prepare.kind !== "wait" || heal.kind === "settled") return prepare;
  return heal.untilMs < prepare.untilMs ? heal : prepare;
}

function planFallback(plan: Plan, fallback: Revision): Step {
  if (fallback.givenUp !== undefined)
    return { kind: "settled", cause: `given up: ${fallback.givenUp.message}` };
  const verdict = giveUpVerdict(plan, "fallback", fallback);
  if (verdict !== undefined) return verdict;
  return isRunOver(plan, fallback)
    ? { kind: "settled", cause: `revision ${fallback.revisionId} may be started only once` }
    : keepRunning(plan, "fallback", fallback);
}

/**
 * Whether a fallback that may be started only once has had its run. It runs again only where our own replacement had ended it in vain, not
 * while that is still being tried.
 */
function isRunOver({ record, observation }: Plan, fallback: Revision): boolean {
  if (fallback.restart.kind !== "no" || fallback.completed) return false;
  const own = currentOf(record, fallback, observation);
  if (own !== undefined && isLive(own)) return false;
  const kept = keptInstance(observation);
  const isSetAside = kept !== undefined && isOf(kept, record, fallback);
  return record.wanted.givenUp === undefined || !isSetAside;
}

/** Heals one revision: from any mixture of instances to its own one running. */
function keepRunning(plan: Plan, target: StepTarget, revision: Revision): Step {
  const { record, observation } = plan;
  const own = currentOf(record, revision, observation);
  const current = currentInstance(observation);
  if (revision.completed) {
    const what = own === undefined ? "another one still runs" : "somebody has started it again";
    return current !== undefined && isLive(current)
      ? stopStep(plan, `revision ${revision.revisionId} has completed, and ${what}`)
      : tidy(plan, target, "completed");
  }
  if (own !== undefined) return keepInstance(plan, { target, revision, own });
  if (!revision.prepared) return prepareStep(plan, target, revision);
  return takeOver(plan, target, revision);
}

/** No current instance is of this revision: to its own one running from whatever there is. */
function takeOver(plan: Plan, target: StepTarget, revision: Revision): Step {
  const { record, observation } = plan;
  const [current, kept] = [currentInstance(observation), keptInstance(observation)];
  if (kept !== undefined && isFallback(record, current))
    return retireStep(plan, "what is set aside has to make room for what runs");
  if (kept !== undefined && isOf(kept, record, revision)) {
    const cause = `revision ${revision.revisionId} is set aside and is to run`;
    return whenDue(revision.trial, plan.nowMs, { kind: "restore", cause, target });
  }
  if (current === undefined && kept === undefined) {
    const cause = revision.starts === 0 ? "it does not exist yet" : "its instance is gone";
    return whenDue(revision.trial, plan.nowMs, { kind: "start", cause, target });
  }
  const cause = `revision ${current?.revisionId ?? "none"} runs, ${revision.revisionId} is wanted`;
  return whenDue(revision.trial, plan.nowMs, { kind: "replace", cause, target });
}

interface Own {
  readonly target: StepTarget;
  readonly revision: Revision;
  readonly own: Instance;
}

function keepInstance(plan: Plan, subject: Own): Step {
  const { target, revision, own } = subject;
  switch (own.state) {
    case "running":
      return keepUp(plan, subject);
    case "starting":
    case "stopping":
      return { kind: "wait", cause: `it is ${own.state}`, untilMs: plan.nowMs + lookAgainAfterMs };
    case "created":
    case "exited":
    case "paused": {
      if (!revision.prepared) return prepareStep(plan, target, revision);
      const cause = own.state === "exited" ? exitCause(revision) : `it is ${own.state}`;
      return whenDue(revision.trial, plan.nowMs, { kind: "start", cause, target });
    }
  }
}

function exitCause(revision: Revision): string {
  return revision.starts === 0
    ? "it is not running"
    : (revision.trial.failure?.message ?? "it ended");
}

function keepUp(plan: Plan, { target, revision, own }: Own): Step {
  const { record, policy, nowMs } = plan;
  if (isDrifted(own, revision)) {
    if (!revision.prepared) return prepareStep(plan, target, revision);
    const cause = `it is not as it was started: ${own.drift.join(", ")}`;
    return whenDue(revision.trial, nowMs, { kind: "replace", cause, target });
  }
  const stableAtMs = upSinceMs(own, record) + policy.settleAfterMs;
  const forgetsTrial = revision.trial.attempts > 0 && own.health !== "unhealthy";
  const isSettled = revision.settled && revision.unproven !== true && !forgetsTrial;
  if (own.health === "unhealthy")
    return revision.settled
      ? tidy(plan, target, "running, but unhealthy")
      : { kind: "settled", cause: "running, but unhealthy" };
  if (isSettled)
    return tidy(plan, target, target === "wanted" ? "running as wanted" : fallbackCause(record));
  const cause =
    own.health === "starting"
      ? "its health check has not passed yet"
      : "it runs, and has yet to stay up";
  return {
    kind: "wait",
    cause,
    untilMs: stableAtMs > nowMs ? stableAtMs : nowMs + lookAgainAfterMs,
  };
}

function fallbackCause({ wanted }: WorkloadRecord): string {
  return `the last settled revision runs; revision ${wanted.revisionId} was given up`;
}

/**
 * Nothing is left to do but to drop what was kept: once the wanted revision has settled, what was to run in case it would not; next to what
 * there is to fall back to, everything else.
 */
function tidy(plan: Plan, target: StepTarget, cause: string): Step {
  const { record, observation } = plan;
  const kept = keptInstance(observation);
  const left = record.fallback !== undefined || record.leftovers || kept !== undefined;
  if (target === "wanted" && record.wanted.settled && left)
    return retireStep(plan, `revision ${record.wanted.revisionId} has settled`);
  if (
    target === "fallback" &&
    kept !== undefined &&
    isFallback(record, currentInstance(observation))
  )
    return retireStep(plan, "what is set aside is of no use: the last settled revision is there");
  return { kind: "settled", cause };
}

function retireStep(plan: Plan, cause: string): Step {
  return whenDue(plan.record.chore, plan.nowMs, { kind: "retire", cause });
}

function stopStep(plan: Plan, cause: string): Step {
  return whenDue(plan.record.chore, plan.nowMs, { kind: "stop", cause });
}

/** Whether this is the instance to come back to: it is the one that the next replacement has to keep. */
function isFallback(record: WorkloadRecord, current: Instance | undefined): boolean {
  const { fallback } = record;
  return fallback !== undefined && current !== undefined && isOf(current, record, fallback);
}

function prepareStep(plan: Plan, target: StepTarget, revision: Revision): Step {
  const cause = `revision ${revision.revisionId} is to be prepared`;
  return whenDue(revision.trial, plan.nowMs, { kind: "prepare", cause, target });
}

function whenDue(trial: Trial, nowMs: number, step: Step): Step {
  if (trial.notBeforeMs <= nowMs) return step;
  return {
    kind: "wait",
    cause: `back-off before ${step.kind}: ${trial.failure?.message ?? step.cause}`,
    untilMs: trial.notBeforeMs,
  };
}

/** Whether a revision has had its chances. */
function giveUpVerdict(plan: Plan, target: StepTarget, revision: Revision): Step | undefined {
  const failure =
    target === "wanted" ? (finalFailureOfWanted(plan) ?? notSettled(plan)) : finalFailure(revision);
  return failure === undefined
    ? undefined
    : { kind: "giveUp", cause: failure.message, target, failure };
}

function finalFailure({ trial }: Revision): Failure | undefined {
  return trial.failure !== undefined && !trial.failure.retryable && trial.attempts > 0
    ? trial.failure
    : undefined;
}

/** Says what runs instead, too, where something does. */
function finalFailureOfWanted(plan: Plan): Failure | undefined {
  const { wanted } = plan.record;
  const failure = finalFailure(wanted);
  const instead = failure && whatRunsWithout(plan, failure);
  if (failure === undefined || instead === undefined) return failure;
  const message = `revision ${wanted.revisionId} cannot run (${failure.message}); revision ${instead.revisionId} runs instead`;
  return { ...failure, message };
}

/** What runs once the wanted revision is given up for a failure; undefined where nothing does. */
function whatRunsWithout({ record, ...plan }: Plan, failure: Failure): Revision | undefined {
  const { wanted, fallback, desired } = record;
  if (fallback === undefined || desired !== "running") return undefined;
  if (fallback.completed || fallback.givenUp !== undefined) return undefined;
  const given = { ...record, wanted: { ...wanted, givenUp: failure } };
  return isRunOver({ record: given, ...plan }, fallback) ? undefined : fallback;
}

/** The new revision runs, or is to run, in the place of one that had settled and is down, and does not settle itself. */
function notSettled(plan: Plan): Failure | undefined {
  const { record, observation, policy, nowMs } = plan;
  const { wanted, fallback } = record;
  if (fallback === undefined || !mayGiveWay(plan)) return undefined;
  const own = currentOf(record, fallback, observation);
  if (own !== undefined && isLive(own)) return undefined;
  const unhealthy = currentOf(record, wanted, observation)?.health === "unhealthy";
  if (!unhealthy && !isWornOut(wanted.trial, policy)) return undefined;
  const why = unhealthy ? "it is unhealthy" : (wanted.trial.failure?.message ?? "it failed");
  const message = `revision ${wanted.revisionId} did not settle (${why})`;
  const failure: Failure = { reason: "NOT_SETTLED", message, retryable: false, atMs: nowMs };
  const instead = whatRunsWithout(plan, failure);
  if (instead !== undefined)
    return { ...failure, message: `${message}; revision ${instead.revisionId} runs instead` };
  // It has not been put in the place of the other yet, and nothing is won by leaving it.
  return own === undefined ? failure : undefined;
}

function mayGiveWay({ record, policy }: Plan): boolean {
  const { wanted, desired } = record;
  const isTried = wanted.prepared && !wanted.settled && desired === "running";
  return isTried && policy.updatePolicy !== "keep-trying";
}

/** Whether the tries are used up. Not by a runtime that is out of reach: nothing could be restored there either. */
function isWornOut({ attempts, failure }: Trial, { restoreAfterAttempts }: PlanPolicy): boolean {
  return attempts >= restoreAfterAttempts && failure?.reason !== "RUNTIME_UNAVAILABLE";
}
