import { type ApplyDecision, decideApply } from "../domain/decide-apply.ts";
import type { Revision, WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { ApplyRequest } from "../ports/agent-api.ts";
import type { EngineContext } from "./engine-context.ts";
import type { HostJudge } from "./host-judge.ts";
import { parseApply } from "./parse-apply.ts";

/** What the answer says of an apply that could not be judged yet. */
const unknownNote =
  "; what it asks of this host could not be found out now, so the node's policy is applied before anything is made of it";

/**
 * Holds an apply against the node's policy, before anything of it is stored. Resolves with what its answer has to say besides. An apply that
 * changes nothing, or that only stops what is known, is never denied.
 * @throws {AgentError} POLICY_DENIED with every denial; what `parseApply` throws.
 */
export async function admitApply(
  request: ApplyRequest,
  known: WorkloadRecord | undefined,
  context: EngineContext & { readonly hostJudge: HostJudge },
): Promise<string> {
  const parsed = parseApply(request, known, context);
  const { revisionConflict } = context.policy;
  const nowMs = context.clock.wallMs();
  const decision = decideApply(known, {
    ...parsed,
    uid: "",
    nowMs,
    actionSeq: 0,
    revisionConflict,
  });
  const asked = askedFor(decision, known);
  const runtime = asked && context.gate(asked.type)?.runtime;
  if (asked === undefined || runtime === undefined) return "";
  try {
    const spec = context.secrets.open(asked.revision, { id: parsed.id, uid: asked.uid });
    const judged = await context.hostJudge.judgeApplied(runtime, spec);
    return judged === "judged" ? "" : unknownNote;
  } catch (error) {
    const { rules = "" } = AgentError.from(error).details;
    context.logger.debug("an apply asks for more than the node gives", { id: parsed.id, rules });
    throw error;
  }
}

/** The revision that would come to be wanted, unless it is there already and is only to be stopped. */
function askedFor(
  decision: ApplyDecision,
  known: WorkloadRecord | undefined,
): { readonly type: string; readonly uid: string; readonly revision: Revision } | undefined {
  if (decision.kind !== "create" && decision.kind !== "change") return undefined;
  const { next, wanted, type, uid, desired } = decision.record;
  const asked = next === undefined ? { type, uid, desired, wanted } : next;
  const isKnown = known !== undefined && asked.wanted.digest === known.wanted.digest;
  if (asked.desired === "stopped" && isKnown) return undefined;
  return { type: asked.type, uid: asked.uid, revision: asked.wanted };
}
