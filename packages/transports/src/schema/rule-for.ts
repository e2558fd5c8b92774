import { type DescEnum, type DescField, ScalarType } from "@bufbuild/protobuf";

const unsigned32 = "must be a whole number from 0 to 4294967295";
const signed32 = "must be a whole number from -2147483648 to 2147483647";
const signed64 = "must be a whole number of 64 bits, beyond 9007199254740991 as a string";
const unsigned64 =
  "must be a whole number from 0 up of 64 bits, beyond 9007199254740991 as a string";

const scalarRules: Readonly<Record<ScalarType, string>> = {
  [ScalarType.STRING]: "must be a string",
  [ScalarType.BOOL]: "must be true or false",
  [ScalarType.BYTES]: "must be a string of base64",
  [ScalarType.DOUBLE]: "must be a number",
  [ScalarType.FLOAT]: "must be a number of 32 bits",
  [ScalarType.INT32]: signed32,
  [ScalarType.SINT32]: signed32,
  [ScalarType.SFIXED32]: signed32,
  [ScalarType.UINT32]: unsigned32,
  [ScalarType.FIXED32]: unsigned32,
  [ScalarType.INT64]: signed64,
  [ScalarType.SINT64]: signed64,
  [ScalarType.SFIXED64]: signed64,
  [ScalarType.UINT64]: unsigned64,
  [ScalarType.FIXED64]: unsigned64,
};

const wellKnownRules: Readonly<Record<string, string>> = {
  "google.protobuf.Struct": "must be an object",
  "google.protobuf.ListValue": "must be a list",
  "google.protobuf.Timestamp": "must be a time such as 2026-01-31T12:00:00Z",
  "google.protobuf.Duration": "must be a duration such as 1.5s",
};

/** What one value of `field` must be, in words: of an item, where the field is a list or map. */
export function ruleFor(field: DescField): string {
  if (field.enum !== undefined) return enumRule(field.enum);
  if (field.scalar !== undefined) return scalarRules[field.scalar];
  return wellKnownRules[field.message?.typeName ?? ""] ?? "has the wrong form";
}

/** What an enum value must be, in words. */
export function enumRule(desc: DescEnum): string {
  return `must be one of ${desc.values.map((it) => it.name).join(", ")}`;
}

/**
 * A value that broke the rule of its field, at most 80 characters. Only its kind where the field takes free text and the value may thus be a
 * secret in the wrong form.
 */
export function seenIn(field: DescField, value: unknown): string {
  const free =
    field.fieldKind === "map" ||
    field.scalar === ScalarType.STRING ||
    field.scalar === ScalarType.BYTES;
  if (!free && (typeof value === "string" || typeof value === "number")) {
    return JSON.stringify(value).slice(0, 80);
  }
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
