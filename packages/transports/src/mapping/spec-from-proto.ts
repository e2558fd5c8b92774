import {
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Json, JsonObject, Violation } from "@persys/core";
import { isWellKnown } from "../schema/field-path.ts";

type Path = readonly (string | number)[];

/**
 * A message as plain data with keys in camelCase, without members that have their default or are empty, so that a spec is the same data in
 * whatever form it was sent. Whole numbers of 64 bits become numbers; one that cannot be told from its neighbours is a violation. Items of
 * lists and values of maps are kept even when empty.
 */
export function plainSpec(
  schema: DescMessage,
  message: Message,
  violations: Violation[],
): JsonObject {
  return plainMessage(reflect(schema, message), [], violations);
}

function plainMessage(message: ReflectMessage, path: Path, violations: Violation[]): JsonObject {
  const plain: Record<string, Json> = {};
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const at = [...path, field.localName];
    const value = plainField(message, field, { at, violations });
    if (!isEmpty(value)) plain[field.localName] = value;
  }
  return plain;
}

/** Where a value stands, and where its violations go. */
interface Walk {
  readonly at: Path;
  readonly violations: Violation[];
}

function plainField(message: ReflectMessage, field: DescField, { at, violations }: Walk): Json {
  switch (field.fieldKind) {
    case "list":
      return Array.from(message.get(field), (item, index) =>
        plainValue(field, item, { at: [...at, index], violations }),
      );
    case "map":
      return Object.fromEntries(
        Array.from(message.get(field), ([key, value]) => [
          String(key),
          plainValue(field, value, { at: [...at, String(key)], violations }),
        ]),
      );
    default:
      return plainValue(field, message.get(field), { at, violations });
  }
}

function plainValue(field: DescField, value: unknown, { at, violations }: Walk): Json {
  if (field.message !== undefined) {
    const message = value as ReflectMessage;
    return isWellKnown(field.message)
      ? (toJson(field.message, message.message) as Json)
      : plainMessage(message, at, violations);
  }
  if (typeof value === "bigint") return wholeNumber(value, at, violations);
  if (field.scalar === ScalarType.BYTES) return base64Encode(value as Uint8Array);
  return value as Json;
}

function wholeNumber(value: bigint, path: Path, violations: Violation[]): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    const rule = `must be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`;
    violations.push({ path, rule, seen: String(value) });
  }
  return number;
}

/** An empty message or list. Scalars come here only when they are set. */
function isEmpty(value: Json): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
