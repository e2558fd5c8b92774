import type { Json, JsonObject } from "./json.ts";

/**
 * One text for every way of writing the same data: keys sorted by code unit, no white space, absent (undefined) keys left out, numbers and
 * strings as JSON.stringify writes them.
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((it: Json) => canonicalJson(it)).join(",")}]`;
  if (typeof value === "object" && value !== null) return canonicalObject(value as JsonObject);
  return JSON.stringify(value);
}

function canonicalObject(value: JsonObject): string {
  const members: string[] = [];
  for (const key of Object.keys(value).toSorted()) {
    const member = value[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(",")}}`;
}
