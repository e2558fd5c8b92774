import { activeTarget, currentOf } from "./active-target.ts";
import type { Failure } from "./failure.ts";
import { currentInstance, type Instance, isLive, type InstanceExit } from "./observation.ts";
import type { UsageSnapshot } from "./usage-snapshot.ts";
import type { Trial, WorkloadRecord } from "./workload-record.ts";
import type { ActualState, StatusFailure, WorkloadStatus } from "./workload-status.ts";

/** What is known of a workload besides its record. */
export interface LiveView {
  /** Why the last look failed; undefined when it succeeded. */
  readonly unreadable?: Failure;
  /** When the kept observation was last confirmed, Unix milliseconds. */
  readonly confirmedAtMs: number;
  /** The last sentence of a prepare under way. */
  readonly progress?: string;
  /** The last measurement, of whichever run. */
  readonly usage?: UsageSnapshot;
  /** Facts of the request being worked on, such as `task_id`. */
  readonly task?: Readonly<Record<string, string>>;
}

/**
 * The status of a workload. The actual state is derived, first match: unreadable -> unknown; failing -> failed; this generation not settled
 * -> pending; else running or stopped. Running is only said of the wanted revision.
 */
export function deriveStatus(
  record: WorkloadRecord,
  live: LiveView,
  nowMs: number,
): WorkloadStatus {
  const current = currentInstance(record.observation);
  const failure = live.unreadable ?? currentFailure(record, nowMs);
  const actual = actualState(record, live, nowMs);
  const shown = actual === "failed" || actual === "unknown" ? failure : undefined;
  const statusFailure = shown === undefined ? undefined : withNextTry(record, shown, nowMs);
  return {
    id: record.id,
    type: record.type,
    uid: record.uid,
    revisionId: record.wanted.revisionId,
    observedRevisionId: current?.revisionId ?? "",
    desired: record.desired,
    actual,
    message: statusMessage(record, actual, shown, live),
    ...(statusFailure === undefined ? {} : { failure: statusFailure }),
    generation: record.generation,
    observedSequence: record.observedSequence,
    health: current?.health ?? "none",
    restarts: (activeTarget(record)?.revision ?? record.wanted).ends,
    labels: record.labels,
    metadata: metadata(current, statusFailure, live),
    ...usageOfRun(current, live),
    createdAtMs: record.createdAtMs,
    updatedAtMs: record.updatedAtMs,
    transitionAtMs: live.unreadable?.atMs ?? record.transitionAtMs,
    observedAtMs: live.confirmedAtMs,
  };
}

/** The derived state alone. */
export function actualState(
  record: WorkloadRecord,
  live: Pick<LiveView, "unreadable">,
  nowMs: number,
): ActualState {
  if (live.unreadable !== undefined) return "unknown";
  if (currentFailure(record, nowMs) !== undefined) return "failed";
  if (record.desired === "deleted") return "pending";
  if (record.desired === "stopped") return isStopped(record) ? "stopped" : "pending";
  const { wanted } = record;
  const own = currentOf(record, wanted, record.observation);
  if (wanted.completed) {
    const isUp = own === undefined ? !isDown(record) : isLive(own);
    return isUp ? "pending" : "stopped";
  }
  const isSettled = wanted.settled && wanted.unproven !== true;
  return own?.state === "running" && isSettled && own.health !== "starting" ? "running" : "pending";
}

function isStopped(record: WorkloadRecord): boolean {
  const { observation, wanted } = record;
  if (!wanted.prepared && wanted.givenUp === undefined && observation.kind === "absent")
    return false;
  // A step that was called off may still have its effect until it has really ended.
  return !bringsUp(record.intent?.step) && isDown(record);
}

function bringsUp(step: string | undefined): boolean {
  return step === "start" || step === "replace" || step === "restore";
}

function isDown({ observation }: WorkloadRecord): boolean {
  return observation.kind !== "present" || !observation.instances.some(isLive);
}

/** What keeps a workload from being as wanted: undefined while nothing is known to. */
function currentFailure(record: WorkloadRecord, nowMs: number): Failure | undefined {
  const { wanted } = record;
  if (wanted.givenUp !== undefined && record.desired !== "deleted") return givenUpFor(record);
  const failing = trials(record).find((it) => isFailing(it, nowMs));
  if (failing !== undefined) return failing.failure;
  const current = record.desired === "running" ? currentInstance(record.observation) : undefined;
  if (current?.state !== "running" || current.health !== "unhealthy") return undefined;
  const message = withOutput("its health check fails", current);
  return { reason: "UNHEALTHY", message, retryable: true, atMs: record.observedAtMs };
}

/** Why the wanted revision was given up, and the one to fall back to as well, where that was too. */
function givenUpFor({ wanted, fallback }: WorkloadRecord): Failure | undefined {
  const [failure, other] = [wanted.givenUp, fallback?.givenUp];
  if (failure === undefined || other === undefined) return failure;
  const message = `${failure.message}; but revision ${fallback?.revisionId} was given up as well: ${other.message}`;
  return { ...failure, message };
}

function withOutput(sentence: string, { healthOutput = "" }: Instance): string {
  return healthOutput === "" ? sentence : `${sentence}: ${healthOutput}`;
}

/** The tries that count: those of the fallback only as long as it is what is to run. */
function trials(record: WorkloadRecord): readonly Trial[] {
  const active = activeTarget(record);
  const fallback = active?.target === "fallback" ? [active.revision.trial] : [];
  return [record.chore, record.wanted.trial, ...fallback];
}

function isFailing(trial: Trial, nowMs: number): boolean {
  return (
    trial.failure !== undefined &&
    (trial.open || trial.ends >= 2 || (trial.delayMs > 0 && trial.notBeforeMs > nowMs))
  );
}

function withNextTry(record: WorkloadRecord, failure: Failure, nowMs: number): StatusFailure {
  const trial = trials(record).find((it) => it.failure === failure) ?? record.wanted.trial;
  const due =
    failure.retryable && trial.notBeforeMs > nowMs ? { nextRetryAtMs: trial.notBeforeMs } : {};
  return { ...failure, attempts: trial.attempts, ...due };
}

function statusMessage(
  record: WorkloadRecord,
  actual: ActualState,
  failure: Failure | undefined,
  live: LiveView,
): string {
  if (actual === "unknown") return `what exists cannot be read: ${failure?.message ?? ""}`;
  if (failure !== undefined)
    return live.progress === undefined
      ? failure.message
      : `${failure.message}; tried again now: ${live.progress}`;
  if (record.desired === "deleted") {
    return record.next === undefined
      ? "being deleted"
      : `being deleted; revision ${record.next.wanted.revisionId} is created afterwards`;
  }
  if (actual === "stopped")
    return record.desired === "running" ? "completed: it ended with exit code 0" : "stopped";
  if (actual === "running") return "running";
  return pendingMessage(record, live);
}

function pendingMessage(record: WorkloadRecord, live: LiveView): string {
  if (record.desired === "stopped")
    return record.intent?.step === "prepare" ? (live.progress ?? "preparing") : "stopping";
  const own = currentOf(record, record.wanted, record.observation);
  if (own?.state === "running")
    return own.health === "starting"
      ? withOutput("running; its health check has not passed yet", own)
      : "running; has yet to stay up";
  if (live.progress !== undefined) return live.progress;
  return record.intent === undefined ? "accepted" : `${record.intent.step}: ${record.intent.cause}`;
}

function metadata(
  current: Instance | undefined,
  failure: StatusFailure | undefined,
  live: LiveView,
): Readonly<Record<string, string>> {
  return {
    ...current?.facts,
    ...(current?.exit === undefined ? {} : { exit: exitText(current.exit) }),
    ...live.task,
    ...(failure === undefined
      ? {}
      : {
          failure_reason: failure.reason,
          failure_message: failure.message,
          retry_attempts: String(failure.attempts),
        }),
    ...(failure?.retryable === false
      ? { retry_terminal: "true", retry_terminal_reason: failure.message }
      : {}),
  };
}

/** A measurement says nothing of another run, nor of none. */
function usageOfRun(
  current: Instance | undefined,
  { usage, unreadable }: LiveView,
): Pick<WorkloadStatus, "usage"> {
  if (current === undefined || usage === undefined || unreadable !== undefined) return {};
  const isOfRun = isLive(current) && usage.collectedAtMs >= (current.startedAtMs ?? 0);
  return isOfRun ? { usage } : {};
}

/** An exit in words: `code 3`, `code 137 (out of memory)`, `unknown`. */
export function exitText(exit: InstanceExit): string {
  if (exit.kind === "unknown") return "unknown";
  return exit.oomKilled === true ? `code ${exit.code} (out of memory)` : `code ${exit.code}`;
}

/** The record to store after a change, with the time noted when that changes its derived state. */
export function stampTransition(
  before: WorkloadRecord | undefined,
  after: WorkloadRecord,
  nowMs: number,
): WorkloadRecord {
  if (before === undefined || actualState(before, {}, nowMs) === actualState(after, {}, nowMs))
    return after;
  return { ...after, transitionAtMs: nowMs, updatedAtMs: nowMs };
}
