import type { Violation } from "../errors/agent-error.ts";
import type { Parsed } from "./parsed.ts";

declare const workloadIdBrand: unique symbol;

/** The name of a workload, unique on its node: 1 to 128 of `A-Z a-z 0-9 _ . -`, the first a letter or a digit. */
export type WorkloadId = string & { readonly [workloadIdBrand]: true };

/** The grammar of a workload id. It excludes everything that could leave a folder or end an argument list. */
export const workloadIdPattern: RegExp = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** `input` as a workload id, or what is wrong with it. */
export function parseWorkloadId(input: unknown): Parsed<WorkloadId> {
  if (typeof input === "string" && isWorkloadId(input)) return { ok: true, value: input };
  const rule =
    input === "" || input === undefined
      ? "is required: 1 to 128 of A-Z a-z 0-9 _ . - starting with a letter or digit"
      : "must be 1 to 128 of A-Z a-z 0-9 _ . - and start with a letter or digit";
  const violation: Violation = {
    path: ["id"],
    rule,
    ...(typeof input === "string" ? { seen: input.slice(0, 80) } : {}),
  };
  return { ok: false, violations: [violation] };
}

/** Whether `text` follows the grammar of a workload id. */
export function isWorkloadId(text: string): text is WorkloadId {
  return workloadIdPattern.test(text);
}
