import type { DescField, DescMessage } from "@bufbuild/protobuf";

/**
 * A path from the root of a message as clients read it: the names of the contract with dots between, positions in brackets, keys of maps
 * as they are: `spec.process.resources.memory_bytes`, `spec.container.ports[0].host_port`, `spec.process.env["A B"]`. Members of a oneof
 * are named without it. `path` may name fields in any form the contract knows; what it does not know is taken as it is.
 */
export function fieldPath(schema: DescMessage, path: readonly (string | number)[]): string {
  let at: Place = { message: schema };
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") {
      text += `[${segment}]`;
      at = at.item ?? {};
      continue;
    }
    const field: DescField | undefined = at.message && fieldNamed(at.message, segment);
    text = join(text, field?.name ?? segment);
    at = field === undefined ? (at.item ?? {}) : inside(field);
  }
  return text;
}

/** The field of `message` that has `name` as its name in the contract, in JSON or in code. */
export function fieldNamed(message: DescMessage, name: string): DescField | undefined {
  return message.fields.find(
    (it) => it.name === name || it.jsonName === name || it.localName === name,
  );
}

/** Where a path has come to: a message, or a list or map with its items. */
interface Place {
  readonly message?: DescMessage;
  readonly item?: Place;
}

function inside(field: DescField): Place {
  const { message } = field;
  const value: Place = message === undefined || isWellKnown(message) ? {} : { message };
  return field.fieldKind === "list" || field.fieldKind === "map" ? { item: value } : value;
}

/** Whether JSON writes this message in a form of its own. */
export function isWellKnown(message: DescMessage): boolean {
  return message.typeName.startsWith("google.protobuf.");
}

function join(text: string, name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
  return text === "" ? name : `${text}.${name}`;
}
