import { AssertionError } from "node:assert/strict";
import { ContractViolation } from "../contract-violation.ts";

/** What a case threw as a violation, with what was expected and seen where that is known. */
export function violationOf(error: unknown): ContractViolation {
  if (error instanceof ContractViolation) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof AssertionError) {
    const { expected, actual: seen } = error;
    return new ContractViolation(message, { expected, seen, cause: error });
  }
  return new ContractViolation(message, { cause: error });
}
