import type { Failure } from "./failure.ts";
import { freshTrial, type Trial } from "./workload-record.ts";

/** What the back-off is computed from. */
export interface BackOffContext {
  readonly nowMs: number;
  /** From 0 to 1: where between half and the whole of the delay the next try falls. */
  readonly fraction: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
}

/** The trial after a step that failed: the next try waits, from the base on. */
export function afterStepFailure(
  trial: Trial,
  failure: Failure,
  context: BackOffContext,
  retryAfterMs = 0,
): Trial {
  return failed(
    trial,
    { failure, level: trial.level + 1, ends: trial.ends, open: true, retryAfterMs },
    context,
  );
}

/**
 * The trial after an end that nobody asked for. The first one since a success is restarted at once and is not yet a state of failure; from
 * the second on the delay doubles.
 */
export function afterUnexpectedEnd(trial: Trial, failure: Failure, context: BackOffContext): Trial {
  const first = trial.attempts === 0;
  const level = first ? 0 : trial.level + 1;
  return failed(
    trial,
    { failure, level, ends: trial.ends + 1, open: !first, retryAfterMs: 0 },
    context,
  );
}

/** The trial after a step that succeeded: the memory of a crash loop stays until the instance has stayed up. */
export function afterStepSuccess(trial: Trial): Trial {
  return trial.open ? { ...trial, open: false } : trial;
}

/**
 * The trial after a prepare that succeeded: what went wrong on the way there is forgotten, but not what made it necessary again. A start
 * that finds nothing prepared, time after time, is a start that fails.
 */
export function afterPrepareSuccess(trial: Trial): Trial {
  return trial.failure?.reason === "NOT_PREPARED" ? trial : freshTrial;
}

/** The trial as loaded after a restart: a deadline can never be further away than the delay it came from, whatever the clock did. */
export function clampedTrial(trial: Trial, nowMs: number): Trial {
  const latestMs = nowMs + trial.delayMs;
  return trial.notBeforeMs <= latestMs ? trial : { ...trial, notBeforeMs: latestMs };
}

const levelMax = 40;

function failed(
  trial: Trial,
  change: Pick<Trial, "level" | "ends" | "open"> & {
    readonly failure: Failure;
    readonly retryAfterMs: number;
  },
  context: BackOffContext,
): Trial {
  const wholeMs = delayOfLevel(change.level, context);
  const delayMs = Math.max(change.retryAfterMs, Math.round(wholeMs * (0.5 + context.fraction / 2)));
  return {
    attempts: attemptsAfter(trial, change.failure),
    ends: change.ends,
    level: Math.min(change.level, levelMax),
    failure: change.failure,
    open: change.open,
    delayMs,
    notBeforeMs: context.nowMs + delayMs,
  };
}

/** A runtime that cannot be reached says nothing about what it was to run: however often it is tried meanwhile counts as one attempt. */
function attemptsAfter({ attempts }: Trial, { reason }: Failure): number {
  return reason === "RUNTIME_UNAVAILABLE" ? Math.max(attempts, 1) : attempts + 1;
}

function delayOfLevel(level: number, context: BackOffContext): number {
  if (level === 0) return 0;
  return Math.min(context.backoffBaseMs * 2 ** (level - 1), context.backoffMaxMs);
}
