import { currentOf, revisionOf, runKey, withRevision } from "./active-target.ts";
import type { BackOffContext } from "./back-off.ts";
import type { Observation } from "./observation.ts";
import {
  afterCancellation,
  afterFailure,
  afterSuccess,
  type FailedStep,
} from "./record-transitions.ts";
import type { RuntimeStep } from "./step.ts";
import type { WorkloadRecord } from "./workload-record.ts";

/** How a runtime step ended. `cancelled`: it was called off, and nothing is held against anyone. */
export type StepOutcome =
  | { readonly kind: "done" | "cancelled" }
  | { readonly kind: "failed"; readonly failed: FailedStep };

/** A step that has ended. */
export interface StepEnd {
  readonly step: RuntimeStep;
  readonly outcome: StepOutcome;
  /** What was seen after it, where it could be looked at. */
  readonly after?: Observation;
}

/**
 * The record after a step that was planned on `planned`. Requests may have changed the record meanwhile: of a step that ends after its
 * generation only what cannot be untrue is kept.
 */
export function withOutcome(
  record: WorkloadRecord,
  planned: WorkloadRecord,
  ended: StepEnd,
  context: BackOffContext,
): WorkloadRecord {
  const { step, outcome } = ended;
  if (record.uid !== planned.uid) return record;
  if (outcome.kind === "cancelled") return afterCancellation(record);
  if (record.generation !== planned.generation)
    return staysTrue(record, planned, ended)
      ? afterSuccess(record, step)
      : afterCancellation(record);
  if (outcome.kind !== "failed") return withRunGoingOn(afterSuccess(record, step), ended);
  const { failed } = outcome;
  // While a prepare is under way ends are counted that have nothing to do with it.
  const isUndone = failed.effect === "none" && step.kind !== "prepare";
  const base = isUndone ? withoutCounts(record, planned) : record;
  return afterFailure(base, step, failed, context);
}

/** What was set right without being ended goes on in the same run, whose end is still to come. */
function withRunGoingOn(record: WorkloadRecord, { step, after }: StepEnd): WorkloadRecord {
  const revision = step.kind === "replace" ? revisionOf(record, step.target) : undefined;
  const own = revision && after && currentOf(record, revision, after);
  if (revision === undefined || own?.state !== "running" || step.kind !== "replace") return record;
  const { accountedRun, ...rest } = revision;
  return accountedRun === runKey(own, revision.starts)
    ? withRevision(record, step.target, rest)
    : record;
}

/** What is known to have changed nothing started nothing and ended nothing either. */
function withoutCounts(record: WorkloadRecord, planned: WorkloadRecord): WorkloadRecord {
  const { fallback: _, ...rest } = record;
  const { wanted, fallback } = planned;
  return fallback === undefined ? { ...rest, wanted } : { ...rest, wanted, fallback };
}

function staysTrue(
  record: WorkloadRecord,
  planned: WorkloadRecord,
  { step, outcome }: StepEnd,
): boolean {
  if (outcome.kind !== "done") return false;
  if (step.kind === "remove") return record.desired === "deleted";
  const sameWanted =
    record.wanted.digest === planned.wanted.digest &&
    record.wanted.revisionId === planned.wanted.revisionId;
  return step.kind === "prepare" && step.target === "wanted" && sameWanted;
}
