import type { z } from "zod";
import type { Violation } from "../errors/agent-error.ts";

/** How a schema's issues become violations. */
export interface ViolationOptions {
  /** Whether the value at this path may be a secret; its violations then come without the value seen. */
  readonly isSecret: (path: readonly (string | number)[]) => boolean;
}

type Issue = z.core.$ZodIssue;

/** Longest value shown in a violation, in characters. */
const seenCharsMax = 80;

/** Every issue a schema raised against `input`, as violations: where, the rule in words, and the value seen unless it may be a secret. */
export function violationsOf(
  issues: readonly Issue[],
  input: unknown,
  options: ViolationOptions,
): readonly Violation[] {
  return issues.flatMap((issue) => violationsOfIssue(issue, input, options));
}

function violationsOfIssue(
  issue: Issue,
  input: unknown,
  options: ViolationOptions,
): readonly Violation[] {
  const path = issue.path.map((it) => (typeof it === "symbol" ? String(it) : it));
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      path: [...path, key],
      rule: "is not a field of this specification: remove it, or correct its name",
    }));
  // The best matching branch of a union would be a guess; what the union accepts is said by its own message.
  const seen = options.isSecret(path) ? undefined : shown(valueAt(input, path));
  return [{ path, rule: ruleOf(issue, input, path), ...(seen === undefined ? {} : { seen }) }];
}

function ruleOf(issue: Issue, input: unknown, path: readonly (string | number)[]): string {
  switch (issue.code) {
    case "invalid_type":
      return valueAt(input, path) === undefined
        ? `is required: ${article(issue.expected)}`
        : `must be ${article(issue.expected)}`;
    case "too_small":
      return `must ${have(issue.origin)} at least ${String(issue.minimum)}${unit(issue.origin)}`;
    case "too_big":
      return `must ${have(issue.origin)} at most ${String(issue.maximum)}${unit(issue.origin)}`;
    case "invalid_value":
      return `must be one of ${issue.values.map((it) => JSON.stringify(it)).join(", ")}`;
    case "not_multiple_of":
      return `must be a multiple of ${String(issue.divisor)}`;
    case "invalid_key":
      return issue.issues.map((it) => it.message).join("; ") || "has a name that is not allowed";
    default:
      return issue.message;
  }
}

const nounOf: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "an object of named fields",
  record: "an object of names and values",
  string: "a text",
};

function article(expected: string): string {
  return nounOf[expected] ?? `a value of type ${expected}`;
}

const counted: ReadonlySet<string> = new Set(["array", "map", "set", "string"]);

function have(origin: string): string {
  return counted.has(origin) ? "have" : "be";
}

function unit(origin: string): string {
  if (origin === "string") return " characters";
  return counted.has(origin) ? " entries" : "";
}

function valueAt(input: unknown, path: readonly (string | number)[]): unknown {
  let value = input;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

function shown(value: unknown): string | undefined {
  // The inside of a list or an object may hold secrets of its own.
  if (typeof value === "object" && value !== null)
    return Array.isArray(value) ? "a list" : "an object";
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  if (text === "" && value !== "") return undefined;
  return text.length <= seenCharsMax ? text : `${text.slice(0, seenCharsMax - 1)}…`;
}
