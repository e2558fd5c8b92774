import { exitText } from "../domain/derive-status.ts";
import { currentInstance, type Instance } from "../domain/observation.ts";
import { planNextStep } from "../domain/plan-next-step.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import type { WorkloadStatus } from "../domain/workload-status.ts";
import type { Explanation } from "../ports/agent-api.ts";
import type { EnginePolicy } from "./engine-policy.ts";
import type { Lane } from "./lane.ts";

/** Why a workload is as it is and what comes next, from memory. */
export function explain(
  lane: Lane,
  record: WorkloadRecord,
  status: WorkloadStatus,
  at: { readonly policy: EnginePolicy; readonly nowMs: number },
): Explanation {
  const observation = lane.observation();
  const next = planNextStep(record, observation, at.policy, at.nowMs);
  const { wanted } = record;
  return {
    status,
    wanted: { revisionId: wanted.revisionId, digest: wanted.digest, desired: record.desired },
    observed:
      record.observation.kind === "present"
        ? record.observation.instances.map((it) => shown(it))
        : [],
    differences: differences(record, status),
    next: {
      step: next.kind,
      cause: next.cause,
      ...(next.kind === "wait" ? { dueAtMs: next.untilMs } : {}),
    },
    blockedBy: lane.blockedBy,
    history: lane.history,
  };
}

/** Why a workload whose stored record cannot be trusted is left alone. */
export function explainCorrupt(status: WorkloadStatus): Explanation {
  return {
    status,
    wanted: { revisionId: "", digest: "", desired: status.desired },
    observed: [],
    differences: ["what is wanted cannot be read"],
    next: { step: "settled", cause: "its stored record is corrupt: it waits to be deleted" },
    blockedBy: "",
    history: [],
  };
}

function shown(instance: Instance): Explanation["observed"][number] {
  const { handle, revisionId, kept, state, exit, health, healthOutput = "", facts } = instance;
  const ended = exit === undefined ? "" : exitText(exit);
  return { handle, revisionId, kept, state, exit: ended, health, healthOutput, facts };
}

function differences(record: WorkloadRecord, status: WorkloadStatus): readonly string[] {
  if (status.actual === "unknown") return ["what exists cannot be read"];
  if (record.desired === "deleted") return ["wanted: deleted, not everything of it is gone yet"];
  const current = currentInstance(record.observation);
  const observed = current?.state ?? "absent";
  if (record.desired === "stopped") {
    return status.actual === "stopped" ? [] : [`wanted: stopped, observed: ${observed}`];
  }
  if (record.wanted.completed) return [];
  const state = observed === "running" ? [] : [`wanted: running, observed: ${observed}`];
  return current === undefined ? state : [...state, ...differencesOf(current, record)];
}

function differencesOf(current: Instance, { wanted }: WorkloadRecord): readonly string[] {
  const found: string[] = [];
  if (current.revisionId !== wanted.revisionId) {
    found.push(`wanted: revision ${wanted.revisionId}, observed: revision ${current.revisionId}`);
  } else if (current.specDigest !== wanted.digest) {
    found.push("the instance was made from another spec of the same revision id");
  }
  if (current.health === "unhealthy") found.push("wanted: healthy, observed: unhealthy");
  return [...found, ...current.drift];
}
