import { AgentError } from "../errors/agent-error.ts";
import type { WorkloadId } from "./workload-id.ts";

/** An apply that knows of another generation than the current one. */
export function generationConflict(id: WorkloadId, expected: number, actual: number): AgentError {
  const message = `workload ${id} is at generation ${actual}, not ${expected}: read it again and decide anew`;
  return refusal("GENERATION_CONFLICT", message, { expected, actual });
}

/** An apply without a spec for an id that does not exist. */
export function unknownWorkload(id: WorkloadId): AgentError {
  const message = `workload not found: ${id}; an apply without a spec needs an existing workload`;
  return refusal("NOT_FOUND", message, { id });
}

/** An apply of another type than the workload has. */
export function typeMismatch(id: WorkloadId, type: string, wishedType: string): AgentError {
  const message = `workload ${id} is of type ${type} and cannot become ${wishedType}: delete it first`;
  return refusal("TYPE_MISMATCH", message, { id, type });
}

/** An apply that names another revision than the current one and does not bring its spec. */
export function specMissing(id: WorkloadId, wished: string, current: string): AgentError {
  const message = `revision ${wished} of workload ${id} is not the current one (${current}) and came without a spec: send its spec`;
  return refusal("REVISION_CONFLICT", message, { id, current });
}

/** An apply of another spec under a known revision id. */
export function revisionConflict(id: WorkloadId, revisionId: string): AgentError {
  const message = `revision ${revisionId} of workload ${id} is already applied with another spec: give the new spec a new revision id`;
  return refusal("REVISION_CONFLICT", message, { id, revision: revisionId });
}

function refusal(
  code: AgentError["code"],
  message: string,
  details: AgentError["details"],
): AgentError {
  return new AgentError(code, message, { fault: "user", effect: "none", details });
}
