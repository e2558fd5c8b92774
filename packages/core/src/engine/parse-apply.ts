import { typeMismatch } from "../domain/apply-refusals.ts";
import { canonicalJson } from "../domain/canonical-json.ts";
import type { ApplyWish } from "../domain/decide-apply.ts";
import type { Json } from "../domain/json.ts";
import { derivedRevisionId, type SpecDigest } from "../domain/spec-digest.ts";
import type { Parsed } from "../domain/parsed.ts";
import { parseWorkloadId, type WorkloadId } from "../domain/workload-id.ts";
import { freshTrial, type Revision, type WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError, type Violation } from "../errors/agent-error.ts";
import { assert } from "../errors/assert.ts";
import type { ApplyRequest } from "../ports/agent-api.ts";
import type { ParsedSpec } from "../ports/workload-runtime.ts";
import type { EngineContext } from "./engine-context.ts";
import type { SpecSecrets } from "./spec-secrets.ts";

/** The part of a wish that comes from the request alone. */
export type ParsedApply = Pick<
  ApplyWish,
  "id" | "type" | "desired" | "revision" | "revisionId" | "labels"
> & {
  readonly expectedGeneration?: number;
};

const revisionIdPattern = /^[\x21-\x7e]{1,128}$/;

/**
 * Checks a request as a whole, against the record there is.
 * @throws {AgentError} INVALID_SPEC when only the spec breaks rules, with paths from its root; else INVALID_REQUEST with every violation of the
 *   request and its spec, the latter with paths that begin with `spec`. TYPE_MISMATCH.
 */
export function parseApply(
  request: ApplyRequest,
  known: WorkloadRecord | undefined,
  context: EngineContext,
): ParsedApply {
  const parsedId = parseWorkloadId(request.id);
  const type = request.type ?? known?.type;
  refuseOtherType(request.type, known);
  const parsed = parseOptionalSpec(type, request.spec, context);
  const violations = [
    ...(parsedId.ok ? [] : parsedId.violations),
    ...revisionIdViolations(request.revisionId),
    ...(parsed.ok ? [] : parsed.violations),
  ];
  if (!parsedId.ok || !parsed.ok || type === undefined || violations.length > 0) {
    throw invalid(violations);
  }
  const spec = parsed.value;
  const { desired, revisionId, expectedGeneration } = request;
  const labels = spec?.labels ?? known?.labels ?? {};
  const revision = spec && revisionOf(revisionId, spec, { known, secrets: context.secrets });
  const wish = { id: parsedId.value, type, desired, revision, revisionId, labels };
  return expectedGeneration === undefined ? wish : { ...wish, expectedGeneration };
}

/** Before the spec is looked at: whether there is a runtime for the other type does not matter. */
function refuseOtherType(type: string | undefined, known: WorkloadRecord | undefined): void {
  if (known === undefined || known.desired === "deleted" || type === undefined) return;
  if (type !== known.type) throw typeMismatch(known.id, known.type, type);
}

const specMissing = "is required: the workload does not exist yet";

function revisionIdViolations(revisionId: string): readonly Violation[] {
  if (revisionId === "" || revisionIdPattern.test(revisionId)) return [];
  const rule = "must be 1 to 128 printable ASCII characters without spaces";
  return [{ path: ["revisionId"], rule, seen: revisionId.slice(0, 80) }];
}

/** `input` as a workload id. @throws {AgentError} INVALID_REQUEST. */
export function parseId(input: string): WorkloadId {
  const parsed = parseWorkloadId(input);
  if (!parsed.ok) throw invalid(parsed.violations);
  return parsed.value;
}

function parseOptionalSpec(
  type: string | undefined,
  input: unknown,
  context: EngineContext,
): Parsed<ParsedSpec | undefined> {
  if (type === undefined) return { ok: false, violations: [{ path: ["spec"], rule: specMissing }] };
  return input === undefined ? { ok: true, value: undefined } : parseSpec(type, input, context);
}

function parseSpec(type: string, input: unknown, context: EngineContext): Parsed<ParsedSpec> {
  const runtime = context.gate(type)?.runtime;
  if (runtime === undefined) {
    const rule =
      "must be a type of workload that this agent has a runtime for; its health lists them";
    return { ok: false, violations: [{ path: ["type"], rule, seen: type.slice(0, 80) }] };
  }
  const parsed = runtime.parseSpec(input);
  if (!parsed.ok) {
    const violations = parsed.violations.map((it) => ({ ...it, path: ["spec", ...it.path] }));
    return { ok: false, violations };
  }
  const { specBytesMax } = context.policy;
  const size = canonicalJson(parsed.value.spec).length;
  if (size <= specBytesMax) return parsed;
  const rule = `must be at most ${specBytesMax} characters of JSON`;
  return { ok: false, violations: [{ path: ["spec"], rule, seen: `${size} characters` }] };
}

/** A spec that comes without a revision id and equals the wanted one is that revision, whatever it is called. */
function revisionOf(
  revisionId: string,
  parsed: ParsedSpec,
  { known, secrets }: { readonly known: WorkloadRecord | undefined; readonly secrets: SpecSecrets },
): Revision {
  const isLeaving = known?.desired === "deleted";
  const wanted = isLeaving ? known.next?.wanted : known?.wanted;
  const fallback = isLeaving ? undefined : known?.fallback;
  const digest = digestOf(revisionId, parsed.spec, {
    others: [wanted, fallback].filter((it) => it !== undefined),
    secrets,
  });
  const named =
    revisionId !== ""
      ? revisionId
      : wanted?.digest === digest
        ? wanted.revisionId
        : derivedRevisionId(digest);
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

/**
 * The digest of a spec: that of a revision there is, whatever made it, where the spec is the same; else by the algorithm and key of now.
 * @throws {AgentError} SECRET_UNAVAILABLE when it is not known whether it is the revision that it is said to be.
 */
function digestOf(
  revisionId: string,
  spec: Json,
  { others, secrets }: { readonly others: readonly Revision[]; readonly secrets: SpecSecrets },
): SpecDigest {
  for (const other of others) {
    const digest = secrets.digestOf(spec, other.digest);
    if (digest === other.digest) return digest;
    if (digest === undefined && other.revisionId === revisionId) throw notComparable(revisionId);
  }
  const digest = secrets.digestOf(spec);
  assert(digest !== undefined, "the key of now is there");
  return digest;
}

function notComparable(revisionId: string): AgentError {
  return new AgentError(
    "SECRET_UNAVAILABLE",
    `whether this is the spec that revision ${revisionId} has cannot be told: the key that sealed it is missing on this node. Put the key back, or apply the spec under another revision id`,
    { effect: "none", details: { revisionId } },
  );
}

/** All violations as one error: of the spec alone, seen from its root, or of the request as a whole. */
function invalid(violations: readonly Violation[]): AgentError {
  const isInSpec = violations.every((it) => it.path[0] === "spec" && it.rule !== specMissing);
  const seen = isInSpec ? violations.map((it) => ({ ...it, path: it.path.slice(1) })) : violations;
  const text = seen.map((it) => `${it.path.join(".")} ${it.rule}`.trim()).join("; ");
  const options = { fault: "user", effect: "none", violations: seen } as const;
  return new AgentError(isInSpec ? "INVALID_SPEC" : "INVALID_REQUEST", text, options);
}
