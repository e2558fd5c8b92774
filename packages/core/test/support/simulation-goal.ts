import type { WorkloadStatus } from "@persys/core";
import type { SimulatedNode } from "./simulated-node.ts";
import { choiceOf } from "./simulated-specs.ts";

/** Says what keeps a workload from being as it is wanted; undefined when nothing does. */
export function missingOf(node: SimulatedNode, id: string): string | undefined {
  const status = node.api.list({}).find((it) => it.id === id);
  if (status === undefined) return leftOf(node, id);
  if (status.desired === "deleted") return "it is still to be deleted";
  const choice = choiceOf(status.revisionId);
  if (status.desired === "stopped") {
    if (node.world.liveCount(id) !== 0) return "it runs";
    return status.actual === "stopped" || choice?.outcome === "fails"
      ? undefined
      : "its status is not stopped";
  }
  switch (choice?.outcome) {
    case "runs":
      return missingToRun(node, status);
    case "completes":
      return status.actual === "stopped" && node.world.liveCount(id) === 0
        ? undefined
        : "it has not completed";
    default:
      return missingToFail(node, status);
  }
}

function leftOf({ world, disk }: SimulatedNode, id: string): string | undefined {
  if (world.ids.includes(id)) return "something of it is left in the world";
  return disk.records.has(id) ? "its record is left in the store" : undefined;
}

function missingToRun({ world }: SimulatedNode, status: WorkloadStatus): string | undefined {
  const { id } = status;
  // What may be started once and has ended with 0 has completed.
  if (choiceOf(status.revisionId)?.name === "once" && status.actual === "stopped") return undefined;
  if (status.actual !== "running" || world.liveCount(id) !== 1) return "it does not run";
  const [current, ...others] = world.instancesOf(id);
  if (current?.revisionId !== status.revisionId) return "another revision runs";
  if (others.length > 0) return "something is kept";
  const prepared = world.instances.get(id)?.prepared ?? [];
  return prepared.every((it) => it.digest === current.specDigest)
    ? undefined
    : "something prepared is left";
}

/** What fails for ever does so visibly, and while there is a revision to fall back to, that runs. */
function missingToFail({ api, world }: SimulatedNode, status: WorkloadStatus): string | undefined {
  if (!showsFailure(status)) return "it does not fail";
  const { id } = status;
  const { fallbackRevisionId } = api.get(id);
  const fallback = fallbackRevisionId === undefined ? undefined : choiceOf(fallbackRevisionId);
  if (fallback?.outcome !== "runs" || fallback.name === "once") return undefined;
  const [current] = world.instancesOf(id);
  return world.liveCount(id) === 1 && current?.revisionId === fallbackRevisionId
    ? undefined
    : `revision ${fallbackRevisionId} does not run in its place`;
}

function showsFailure({ actual, revisionId }: WorkloadStatus): boolean {
  const name = choiceOf(revisionId)?.name;
  // Somebody else may have started it, or ended it with 0.
  if (name === "portless" && actual === "running") return true;
  if (name === "brittle" && actual === "stopped") return true;
  return actual === "failed" || actual === "pending";
}
