import type { AgentApi, WorkloadStatus } from "@persys/core";
import type { ModelSpec, RuntimeModel } from "./runtime-model.ts";

/** What a goal is judged by. */
export interface GoalContext {
  readonly api: AgentApi;
  readonly model: RuntimeModel;
  /** The spec that a revision was made from. */
  readonly specOf: (revisionId: string) => ModelSpec | undefined;
  /** Whether a record of the id is on disk. */
  readonly isStored: (id: string) => boolean;
}

/** Says what keeps a workload from being as it is wanted; undefined when nothing does. */
export function missingOf(
  context: GoalContext,
  id: string,
  status: WorkloadStatus | undefined,
): string | undefined {
  const { model, specOf } = context;
  if (status === undefined) return leftOf(context, id);
  if (status.desired === "deleted") return "it is still to be deleted";
  const ends = specOf(status.revisionId)?.ends ?? [];
  if (status.desired === "stopped") {
    if (model.instancesOf(id).some((it) => it.isLive)) return "it runs";
    return status.actual === "stopped" || ends.includes("failed")
      ? undefined
      : "its status is not stopped";
  }
  if (!ends.includes(status.actual))
    return `its state is ${status.actual}, rather than ${ends.join(" or ")}`;
  if (status.actual === "running") return missingToRun(context, status);
  if (status.actual === "stopped") {
    return model.instancesOf(id).some((it) => it.isLive) ? "it runs" : undefined;
  }
  return missingFallback(context, status);
}

/** Whether nothing more is tried with the workload. */
export function isAtRest(
  { api, specOf }: GoalContext,
  status: WorkloadStatus | undefined,
): boolean {
  if (status === undefined || status.actual === "stopped" || status.actual === "running")
    return true;
  const { fallbackRevisionId } = api.get(status.id);
  const fallback = fallbackRevisionId === undefined ? undefined : specOf(fallbackRevisionId);
  // Somebody may have made a revision settle that fails on its own.
  return status.failure?.retryable === false && fallback?.ends.includes("failed") !== true;
}

function leftOf({ model, isStored }: GoalContext, id: string): string | undefined {
  for (const left of model.ids()) if (left === id) return "something of it is left";
  return isStored(id) ? "its record is left in the store" : undefined;
}

function missingToRun({ model }: GoalContext, status: WorkloadStatus): string | undefined {
  const [current, ...others] = model.instancesOf(status.id);
  if (current?.isLive !== true) return "it does not run";
  if (current.revisionId !== status.revisionId) return "another revision runs";
  if (others.length > 0) return "something is kept";
  return model.preparedOf(status.id).every((digest) => digest === current.specDigest)
    ? undefined
    : "something prepared is left";
}

/** While there is a revision to fall back to that can run, that runs. */
function missingFallback(
  { api, model, specOf }: GoalContext,
  { id }: WorkloadStatus,
): string | undefined {
  const { fallbackRevisionId } = api.get(id);
  const ends = fallbackRevisionId === undefined ? [] : (specOf(fallbackRevisionId)?.ends ?? []);
  if (ends.length !== 1 || ends[0] !== "running") return undefined;
  const [current] = model.instancesOf(id);
  return current?.isLive === true && current.revisionId === fallbackRevisionId
    ? undefined
    : `revision ${fallbackRevisionId} does not run in its place`;
}
