import { canonicalJson } from "./canonical-json.ts";
import type { Json, JsonObject } from "./json.ts";

/** A place in a spec: names of members and positions in lists, from its root. Empty: the spec as a whole. */
export type SpecPath = readonly (string | number)[];

/** A value of a spec that nobody may read who is shown the spec. */
export interface SpecSecret {
  readonly path: SpecPath;
  readonly value: Json;
}

/** A secret of a spec as it is stored. */
export interface SealedSecret {
  readonly path: SpecPath;
  /** What a `SecretSealer` made of it. */
  readonly sealed: string;
}

/**
 * The secrets of a spec: whatever its runtime shows otherwise than it is. `withSecrets(redacted, secretsIn(spec, redacted))` is `spec`, with
 * perhaps another order of members. Pure.
 */
export function secretsIn(spec: Json, redacted: Json): readonly SpecSecret[] {
  const found: SpecSecret[] = [];
  collect(spec, redacted, [], found);
  return found;
}

/** The spec with its secrets in their places. Pure. */
export function withSecrets(redacted: Json, secrets: readonly SpecSecret[]): Json {
  return secrets.length === 0 ? redacted : restored(redacted, secrets, 0);
}

function collect(spec: Json, redacted: Json, path: SpecPath, found: SpecSecret[]): void {
  if (isList(spec) && isList(redacted) && spec.length === redacted.length) {
    for (const [at, value] of spec.entries()) {
      const shown = redacted[at];
      if (shown !== undefined) collect(value, shown, [...path, at], found);
    }
    return;
  }
  if (isObject(spec) && isObject(redacted) && hasAll(spec, redacted)) {
    for (const [name, value] of Object.entries(spec)) {
      if (value === undefined) continue;
      const shown = Object.hasOwn(redacted, name) ? redacted[name] : undefined;
      if (shown === undefined) found.push({ path: [...path, name], value });
      else collect(value, shown, [...path, name], found);
    }
    return;
  }
  if (spec === redacted || canonicalJson(spec) === canonicalJson(redacted)) return;
  found.push({ path, value: spec });
}

function restored(value: Json, secrets: readonly SpecSecret[], depth: number): Json {
  const whole = secrets.find(({ path }) => path.length === depth);
  if (whole !== undefined) return whole.value;
  const inside = Map.groupBy(secrets, ({ path }) => path[depth]);
  if (isList(value)) {
    return value.map((it, at) => {
      const there = inside.get(at);
      return there === undefined ? it : restored(it, there, depth + 1);
    });
  }
  const members: JsonObject = isObject(value) ? value : {};
  const names = new Set([...Object.keys(members), ...[...inside.keys()].map(String)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const member = Object.hasOwn(members, name) ? members[name] : undefined;
      const there = inside.get(name);
      return [name, there === undefined ? member : restored(member ?? null, there, depth + 1)];
    }),
  );
}

/** What is shown beside the spec's own members cannot be taken out again, so then the whole counts as secret. */
function hasAll(spec: JsonObject, redacted: JsonObject): boolean {
  return Object.keys(redacted).every((name) => Object.hasOwn(spec, name));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
