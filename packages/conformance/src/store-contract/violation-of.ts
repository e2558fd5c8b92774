import { AssertionError } from "node:assert/strict";
import { assertionViolation } from "../assertion-violation.ts";
import { ContractViolation } from "../contract-violation.ts";

/** What a case threw as a violation, with what was expected and seen where that is known. */
export function violationOf(error: unknown): ContractViolation {
  if (error instanceof ContractViolation) return error;
  if (error instanceof AssertionError) return assertionViolation(error);
  const message = error instanceof Error ? error.message : String(error);
  return new ContractViolation(message, { cause: error });
}
