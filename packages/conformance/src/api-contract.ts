import { Code, ConnectError } from "@connectrpc/connect";
import type { ApiSubject, ResolvedSubject } from "./api-contract/api-subject.ts";
import type { ApiRule } from "./api-contract/api-rule.ts";
import { ApiStage } from "./api-contract/api-stage.ts";
import { applyRules } from "./api-contract/apply-rules.ts";
import { concurrencyRules } from "./api-contract/concurrency-rules.ts";
import { connectRules } from "./api-contract/connect-rules.ts";
import { deleteRules } from "./api-contract/delete-rules.ts";
import { errorRules } from "./api-contract/error-rules.ts";
import { generationRules } from "./api-contract/generation-rules.ts";
import { grpcRules } from "./api-contract/grpc-rules.ts";
import { historyRules } from "./api-contract/history-rules.ts";
import { listRules } from "./api-contract/list-rules.ts";
import { logRules } from "./api-contract/log-rules.ts";
import { modelRules } from "./api-contract/model-rules.ts";
import { processWorkloads } from "./api-contract/process-workloads.ts";
import { readRules } from "./api-contract/read-rules.ts";
import { validationRules } from "./api-contract/validation-rules.ts";
import { watchRules } from "./api-contract/watch-rules.ts";
import { wireRules } from "./api-contract/wire-rules.ts";
import type { CaseContext, ContractCase } from "./contract-case.ts";
import { ContractViolation } from "./contract-violation.ts";

export type { ApiSubject, ApiWorkloads, Labels, SpecInit } from "./api-contract/api-subject.ts";
export { processWorkloads } from "./api-contract/process-workloads.ts";

/**
 * The contract of a server of `persys.agent.v1`, whatever it is written in: one case for each promise of docs/api-contract.md. Every case
 * makes workloads under ids of its own, clears them away and touches nothing else; cases may run at the same time.
 *
 *     for (const { title, run } of apiContract({ endpoint, protocol: "grpc", token })) it(title, () => run(caseContext()));
 */
export function apiContract(subject: ApiSubject): readonly ContractCase[] {
  const resolved = resolve(subject);
  return apiRules.map((rule) => ({
    id: rule.id,
    clause: rule.clause,
    level: rule.level,
    title: rule.title,
    run: (context) => judge(rule, resolved, context),
  }));
}

const apiRules: readonly ApiRule[] = [
  ...applyRules,
  ...generationRules,
  ...validationRules,
  ...concurrencyRules,
  ...deleteRules,
  ...readRules,
  ...listRules,
  ...watchRules,
  ...logRules,
  ...historyRules,
  ...errorRules,
  ...wireRules,
  ...connectRules,
  ...grpcRules,
  ...modelRules,
];

function resolve(subject: ApiSubject): ResolvedSubject {
  return {
    ...subject,
    httpVersion: subject.protocol === "grpc" ? "2" : (subject.httpVersion ?? "1.1"),
    workloads: subject.workloads ?? processWorkloads,
    idPrefix: subject.idPrefix ?? "api-kit",
    patienceMs: subject.patienceMs ?? 60_000,
  };
}

async function judge(rule: ApiRule, subject: ResolvedSubject, context: CaseContext): Promise<void> {
  const stage = new ApiStage(subject, context, rule.id);
  const failures: unknown[] = [];
  try {
    await rule.check(stage, context);
  } catch (error) {
    if (lacks(rule, error)) context.unjudged(`the server does not have ${rule.needs ?? ""}`);
    else failures.push(told(error, stage));
  }
  await stage.clear().catch((error: unknown) => failures.push(told(error, stage)));
  // A broken promise often leaves what cannot be cleared away; the promise is what matters then.
  if (failures.length > 0) throw failures[0];
}

/** Whether a case could not be judged because the method that it needs is missing. */
function lacks(rule: ApiRule, error: unknown): boolean {
  if (rule.needs === undefined) return false;
  const cause = error instanceof ContractViolation ? error.details.cause : error;
  return cause instanceof ConnectError && cause.code === Code.Unimplemented;
}

/** The violation with what was called until then. Whatever else was thrown is one, too: no case expects it. */
function told(error: unknown, stage: ApiStage): ContractViolation {
  const sequence = stage.calls;
  if (error instanceof ContractViolation)
    return new ContractViolation(error.message, { sequence, ...error.details });
  const what = error instanceof Error ? error.message : String(error);
  return new ContractViolation(`no call fails unexpectedly: ${what}`, { sequence, cause: error });
}
