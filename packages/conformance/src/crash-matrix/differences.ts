import { isDeepStrictEqual } from "node:util";

/** Where two plain values differ. */
export interface Difference {
  readonly at: string;
  readonly expected: unknown;
  readonly seen: unknown;
}

/** Every place in which two plain values differ, innermost first named by their path. */
export function differencesOf(expected: unknown, seen: unknown, at = ""): readonly Difference[] {
  if (isDeepStrictEqual(expected, seen)) return [];
  if (!isObject(expected) || !isObject(seen) || Array.isArray(expected) !== Array.isArray(seen))
    return [{ at, expected, seen }];
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(seen)])];
  return keys.flatMap((key) =>
    differencesOf(expected[key], seen[key], at === "" ? key : `${at}.${key}`),
  );
}

/** Whether a value has members. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
