import { canonicalJson } from "../domain/canonical-json.ts";
import type { ApplyWish } from "../domain/decide-apply.ts";
import { derivedRevisionId, specDigest } from "../domain/spec-digest.ts";
import { parseWorkloadId, type WorkloadId } from "../domain/workload-id.ts";
import { freshTrial, type Revision, type WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError, type Violation } from "../errors/agent-error.ts";
import type { ApplyRequest } from "../ports/agent-api.ts";
import type { ParsedSpec } from "../ports/workload-runtime.ts";
import type { EngineContext } from "./engine-context.ts";

/** The part of a wish that comes from the request alone. */
export type ParsedApply = Pick<ApplyWish, "id" | "type" | "desired" | "revision" | "revisionId" | "labels"> & {
  readonly expectedGeneration?: number;
};

const revisionIdPattern = /^[\x21-\x7e]{1,128}$/;

/**
 * Checks a request as a whole, against the record there is.
 * @throws {AgentError} INVALID_REQUEST or INVALID_SPEC with every violation found; a violation of the spec has a path that begins with `spec`.
 */
export function parseApply(request: ApplyRequest, known: WorkloadRecord | undefined, context: EngineContext): ParsedApply {
  const violations: Violation[] = [];
  const id = parseWorkloadId(request.id);
  if (!id.ok) violations.push(...id.violations);
  if (request.revisionId !== "" && !revisionIdPattern.test(request.revisionId)) {
    violations.push({ path: ["revisionId"], rule: "must be 1 to 128 printable ASCII characters without spaces", seen: request.revisionId.slice(0, 80) });
  }
  const type = request.type ?? known?.type;
  if (type === undefined) violations.push({ path: ["spec"], rule: "is required: the workload does not exist yet" });
  const spec = type === undefined || request.spec === undefined ? undefined : parseSpec(type, request.spec, context, violations);
  if (violations.length > 0) throw invalid(violations);
  if (!id.ok || type === undefined) throw new AgentError("INTERNAL", "a request without violations lacks its id or type");
  const revision = spec === undefined ? undefined : revisionOf(request.revisionId, spec, known);
  return {
    id: id.value,
    type,
    desired: request.desired,
    revision,
    revisionId: request.revisionId,
    labels: spec?.labels ?? known?.labels ?? {},
    ...(request.expectedGeneration === undefined ? {} : { expectedGeneration: request.expectedGeneration }),
  };
}

/** `input` as a workload id. @throws {AgentError} INVALID_REQUEST. */
export function parseId(input: string): WorkloadId {
  const parsed = parseWorkloadId(input);
  if (!parsed.ok) throw invalid(parsed.violations);
  return parsed.value;
}

function parseSpec(type: string, input: unknown, context: EngineContext, violations: Violation[]): ParsedSpec | undefined {
  const runtime = context.gate(type)?.runtime;
  if (runtime === undefined) {
    violations.push({ path: ["type"], rule: "must be a type of workload that this agent has a runtime for; `persysctl health` lists them", seen: type.slice(0, 80) });
    return undefined;
  }
  const parsed = runtime.parseSpec(input);
  if (!parsed.ok) {
    violations.push(...parsed.violations.map((it) => ({ ...it, path: ["spec", ...it.path] })));
    return undefined;
  }
  const { specBytesMax } = context.policy;
  const size = canonicalJson(parsed.value.spec).length;
  if (size <= specBytesMax) return parsed.value;
  violations.push({ path: ["spec"], rule: `must be at most ${specBytesMax} characters of JSON`, seen: `${size} characters` });
  return undefined;
}

/** A spec that comes without a revision id and equals the wanted one is that revision, whatever it is called. */
function revisionOf(revisionId: string, parsed: ParsedSpec, known: WorkloadRecord | undefined): Revision {
  const wanted = known?.desired === "deleted" ? known.next?.wanted : known?.wanted;
  const digest = specDigest(parsed.spec, wanted?.digest);
  const named = revisionId !== "" ? revisionId : wanted?.digest === digest ? wanted.revisionId : derivedRevisionId(digest);
  return {
    revisionId: named,
    digest,
    spec: parsed.spec,
    restart: parsed.restart,
    stopGraceMs: parsed.stopGraceMs,
    prepared: false,
    starts: 0,
    ends: 0,
    settled: false,
    completed: false,
    trial: freshTrial,
  };
}

function invalid(violations: readonly Violation[]): AgentError {
  const inSpec = violations.every((it) => it.path[0] === "spec");
  const text = violations.map((it) => `${it.path.join(".")} ${it.rule}`).join("; ");
  return new AgentError(inSpec ? "INVALID_SPEC" : "INVALID_REQUEST", text, { fault: "user", effect: "none", violations });
}
