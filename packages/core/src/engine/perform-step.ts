import type { RuntimeStep } from "../domain/step.ts";
import type { Revision, WorkloadRecord } from "../domain/workload-record.ts";
import { assert } from "../errors/assert.ts";
import type { Progress, Target, WorkloadRuntime } from "../ports/workload-runtime.ts";
import type { EnginePolicy } from "./engine-policy.ts";

/** Calls the runtime for a step. @throws what the runtime throws. */
export function performStep(
  runtime: WorkloadRuntime,
  record: WorkloadRecord,
  step: RuntimeStep,
  call: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<void> {
  switch (step.kind) {
    case "prepare":
      return runtime.prepare(targetOf(record, step.target), call.signal, call.progress);
    case "start":
      return runtime.start(targetOf(record, step.target), call.signal);
    case "replace":
      return runtime.replace(targetOf(record, step.target), call.signal);
    case "restore":
      return runtime.restore(record.id, call.signal);
    case "retire":
      return runtime.retire(record.id, digestsToKeep(record), call.signal);
    case "stop":
      return runtime.stop(record.id, graceMs(record), call.signal);
    case "remove":
      return runtime.remove(record.id, call.signal);
  }
}

/** The deadline of a step: what ends an instance has its grace besides. */
export function stepTimeoutMs(
  record: WorkloadRecord,
  step: RuntimeStep,
  policy: EnginePolicy,
): number {
  if (step.kind === "prepare") return policy.prepareTimeoutMs;
  return step.kind === "start" ? policy.stepTimeoutMs : policy.stepTimeoutMs + graceMs(record);
}

function graceMs(record: WorkloadRecord): number {
  return Math.max(record.wanted.stopGraceMs, record.fallback?.stopGraceMs ?? 0);
}

function digestsToKeep({ wanted, fallback }: WorkloadRecord): readonly string[] {
  return fallback === undefined ? [wanted.digest] : [wanted.digest, fallback.digest];
}

function targetOf(record: WorkloadRecord, target: "wanted" | "fallback"): Target {
  const revision: Revision | undefined = target === "wanted" ? record.wanted : record.fallback;
  assert(revision !== undefined, "a step for the fallback has a fallback");
  const { revisionId, digest, spec, stopGraceMs } = revision;
  return { id: record.id, uid: record.uid, revisionId, specDigest: digest, spec, stopGraceMs };
}
