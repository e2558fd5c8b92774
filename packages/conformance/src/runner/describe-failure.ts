import { inspect } from "node:util";
import type { CaseFailure } from "./report.ts";

/** What is told of anything that a case may fail with. */
export function describeFailure(thrown: unknown): CaseFailure {
  if (!(thrown instanceof Error)) return { message: `it threw ${asText(thrown)}` };
  const { sequence, expected, seen } = detailsOf(thrown);
  const stack = stackOf(thrown);
  return {
    message: thrown.message === "" ? thrown.name : thrown.message,
    ...(isLines(sequence) ? { sequence } : {}),
    ...(expected === undefined ? {} : { expected: asText(expected) }),
    ...(seen === undefined ? {} : { seen: asText(seen) }),
    ...(stack === undefined ? {} : { stack }),
  };
}

/** What a ContractViolation, of this package or another copy of it, or an AssertionError of Node says. */
function detailsOf(error: Error): {
  readonly sequence?: unknown;
  readonly expected?: unknown;
  readonly seen?: unknown;
} {
  if ("details" in error && typeof error.details === "object" && error.details !== null) {
    return error.details;
  }
  if ("expected" in error && "actual" in error) {
    return { expected: error.expected, seen: error.actual };
  }
  return {};
}

function isLines(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((line) => typeof line === "string")
  );
}

/** Any value as a person reads it, never longer than {@link textMax}. */
function asText(value: unknown): string {
  const text =
    typeof value === "string"
      ? value
      : inspect(value, { depth: 6, breakLength: 100, sorted: true, maxArrayLength: 100 });
  return text.length > textMax ? `${text.slice(0, textMax)}… (${text.length} characters)` : text;
}

/** In characters. What is longer does not help to see a difference, and a report holds many. */
const textMax = 8_000;

/** How many causes below an error are told. */
const causesMax = 5;

function stackOf(error: Error): string | undefined {
  const stacks: string[] = [];
  let at: unknown = error;
  while (at instanceof Error && stacks.length <= causesMax) {
    stacks.push(at.stack ?? String(at));
    at = at.cause;
  }
  return stacks.length === 0 ? undefined : stacks.join("\ncaused by: ");
}
