import type { JsonObject } from "./json.ts";

type Member = JsonObject[string];

/** The members whose value `isKept`; undefined ones never are. */
export function filled(
  members: Readonly<Record<string, Member>>,
  isKept: (value: Member) => boolean,
): JsonObject {
  const kept = Object.entries(members).filter(([, it]) => it !== undefined && isKept(it));
  return Object.fromEntries(kept);
}

/** Whether a member of a spec says more than its absence would: an empty text, list or object does not. */
export function saysSomething(value: Member): boolean {
  if (value === "") return false;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}

/** Whether a member whose 0 and whose false mean its default says more than its absence would. */
export function isNoDefault(value: Member): boolean {
  return value !== 0 && value !== false && saysSomething(value);
}
