import type { AssertionError } from "node:assert";
import { ContractViolation, type ViolationDetails } from "./contract-violation.ts";

/** What a failed assertion says of a promise. Where its author gave it no words, they are ours and not a piece of source. */
export function assertionViolation(
  error: AssertionError,
  details: Pick<ViolationDetails, "sequence"> = {},
): ContractViolation {
  const { expected, actual: seen, generatedMessage, operator } = error;
  const isCondition = operator === "==" && expected === true;
  return new ContractViolation(generatedMessage ? wordsFor(operator, isCondition) : error.message, {
    ...details,
    ...(isCondition ? {} : { expected, seen }),
    cause: error,
  });
}

function wordsFor(operator: string, isCondition: boolean): string {
  if (isCondition) return "a condition of the promise does not hold";
  return operator.startsWith("not")
    ? "what is seen has to be another, and is the same"
    : "what is seen is not what is expected";
}
