import {
  type DescField,
  type DescMessage,
  type DescOneof,
  fromJson,
  type JsonObject,
  type JsonValue,
} from "@bufbuild/protobuf";
import type { Violation } from "@persys/core";
import { fieldNamed, isWellKnown } from "./field-path.ts";
import { nearest } from "./nearest.ts";
import { ruleFor, seenIn } from "./rule-for.ts";

/** Deeper than this no message is decoded. */
const MAX_DEPTH = 100;

/** So many violations are collected; a client that has made more has enough to do. */
const MAX_VIOLATIONS = 1_000;

/**
 * Everything that keeps `json` (a parsed JSON value) from being a message of `schema`: unknown keys, values of the wrong type or out of
 * range, a field or oneof set twice. Where it finds nothing, `fromJson` accepts the value, and the other way round. Paths hold the keys as
 * they were written. At most 1,000 violations are returned.
 */
export function checkJson(schema: DescMessage, json: unknown): readonly Violation[] {
  const walk = new Walk();
  walk.message(schema, json, []);
  return walk.violations;
}

type Path = readonly (string | number)[];

class Walk {
  readonly violations: Violation[] = [];

  message(schema: DescMessage, json: unknown, path: Path): void {
    if (!isObject(json)) return this.#add(path, "must be an object", kindOf(json));
    if (path.length > MAX_DEPTH) {
      return this.#add(path, `must not be nested deeper than ${MAX_DEPTH} levels`);
    }
    const setFields = new Set<DescField>();
    const setOneofs = new Map<DescOneof, DescField>();
    for (const [key, value] of Object.entries(json)) {
      if (this.violations.length >= MAX_VIOLATIONS) return;
      const at = [...path, key];
      const field = fieldInJson(schema, key);
      if (field === undefined) {
        this.#add(at, unknownKey(schema, key));
        continue;
      }
      if (setFields.has(field)) this.#add(at, `is set twice, as ${field.name} and in another form`);
      setFields.add(field);
      this.#oneof(field, value, { at, setOneofs });
      if (value !== null) this.#field(field, value, at);
    }
  }

  #oneof(
    field: DescField,
    value: unknown,
    { at, setOneofs }: { at: Path; setOneofs: Map<DescOneof, DescField> },
  ): void {
    const { oneof } = field;
    if (oneof === undefined || (value === null && field.fieldKind === "scalar")) return;
    const other = setOneofs.get(oneof);
    if (other !== undefined && other !== field) {
      const names = oneof.fields.map((it) => it.name).join(", ");
      this.#add(at, `cannot be set together with ${other.name}: give exactly one of ${names}`);
    }
    setOneofs.set(oneof, field);
  }

  #field(field: DescField, value: unknown, at: Path): void {
    switch (field.fieldKind) {
      case "list":
        return this.#list(field, value, at);
      case "map":
        return this.#map(field, value, at);
      case "message":
        if (!isWellKnown(field.message)) return this.message(field.message, value, at);
        return this.#leaf(field, value, { as: value, at });
      case "scalar":
      case "enum":
        return this.#leaf(field, value, { as: value, at });
    }
  }

  #list(field: DescField & { fieldKind: "list" }, value: unknown, at: Path): void {
    if (!Array.isArray(value)) return this.#add(at, "must be a list", kindOf(value));
    for (const [index, item] of value.entries()) {
      if (this.violations.length >= MAX_VIOLATIONS) return;
      const place = [...at, index];
      if (field.listKind === "message" && !isWellKnown(field.message)) {
        this.message(field.message, item, place);
      } else {
        this.#leaf(field, item, { as: [item], at: place });
      }
    }
  }

  #map(field: DescField & { fieldKind: "map" }, value: unknown, at: Path): void {
    if (!isObject(value)) return this.#add(at, "must be an object", kindOf(value));
    for (const [key, item] of Object.entries(value)) {
      if (this.violations.length >= MAX_VIOLATIONS) return;
      const place = [...at, key];
      if (field.mapKind === "message" && !isWellKnown(field.message)) {
        this.message(field.message, item, place);
      } else {
        this.#leaf(field, item, { as: { [key]: item }, at: place });
      }
    }
  }

  /** A value without fields of its own. The decoder itself judges it: `as` is what its field would hold were it the only one. */
  #leaf(field: DescField, value: unknown, { as, at }: { as: unknown; at: Path }): void {
    try {
      fromJson(field.parent, { [field.name]: as as JsonValue });
    } catch {
      this.#add(at, ruleFor(field), seenIn(field, value));
    }
  }

  #add(path: Path, rule: string, seen?: string): void {
    if (this.violations.length >= MAX_VIOLATIONS) return;
    this.violations.push({ path, rule, ...(seen === undefined ? {} : { seen }) });
  }
}

/** Only the two names that JSON may use. */
function fieldInJson(schema: DescMessage, key: string): DescField | undefined {
  const field = fieldNamed(schema, key);
  return field !== undefined && (field.name === key || field.jsonName === key) ? field : undefined;
}

function unknownKey(schema: DescMessage, key: string): string {
  const names = schema.fields.map((it) => it.name);
  const meant = nearest(key, names);
  if (meant !== undefined) return `is not a field of ${schema.name}: did you mean ${meant}?`;
  return names.length === 0
    ? `is not a field of ${schema.name}, which has none`
    : `is not a field of ${schema.name}, which has ${names.join(", ")}`;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
