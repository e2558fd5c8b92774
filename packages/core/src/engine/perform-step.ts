import { revisionOf } from "../domain/active-target.ts";
import type { Json } from "../domain/json.ts";
import type { RuntimeStep, StepTarget } from "../domain/step.ts";
import type { Revision, WorkloadRecord } from "../domain/workload-record.ts";
import { assert } from "../errors/assert.ts";
import type { Progress, Target, TargetName, WorkloadRuntime } from "../ports/workload-runtime.ts";
import type { EnginePolicy } from "./engine-policy.ts";

/** How a runtime is called for a step. */
export interface StepCall {
  /** The spec that the step makes something of, with its secrets; undefined for steps that only end things. */
  readonly spec: Json | undefined;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Calls the runtime for a step. @throws what the runtime throws. */
export function performStep(
  runtime: WorkloadRuntime,
  record: WorkloadRecord,
  step: RuntimeStep,
  call: StepCall,
): Promise<void> {
  switch (step.kind) {
    case "prepare":
      return runtime.prepare(targetOf(record, step.target, call.spec), call.signal, call.progress);
    case "start":
      return runtime.start(targetOf(record, step.target, call.spec), call.signal);
    case "replace":
      return runtime.replace(targetOf(record, step.target, call.spec), call.signal);
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

/** The revision that a step makes something of; undefined for the steps that only end things. */
export function revisionOfStep(record: WorkloadRecord, step: RuntimeStep): Revision | undefined {
  switch (step.kind) {
    case "prepare":
    case "start":
    case "replace":
    case "restore":
      return revisionOf(record, step.target);
    case "retire":
    case "stop":
    case "remove":
      return undefined;
  }
}

function targetOf(record: WorkloadRecord, target: StepTarget, spec: Json | undefined): Target {
  const revision = revisionOf(record, target);
  assert(revision !== undefined && spec !== undefined, "a step for the fallback has a fallback");
  return { ...targetName(record, revision), spec, stopGraceMs: revision.stopGraceMs };
}

/** What a revision is called among those of all workloads. */
export function targetName(
  { id, uid }: Pick<WorkloadRecord, "id" | "uid">,
  { revisionId, digest }: Pick<Revision, "revisionId" | "digest">,
): TargetName {
  return { id, uid, revisionId, specDigest: digest };
}
