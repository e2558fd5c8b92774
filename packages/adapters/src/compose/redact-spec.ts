import type { Json } from "@persys/core";
import { stringify } from "yaml";
import { redactEnv } from "../shared/redact-env.ts";
import { isMap, readComposeDocument } from "./compose-document.ts";
import { redactedDocument } from "./project-secrets.ts";

/** `spec` with every value that may be a secret replaced by `<redacted>`: in its env, and in the file those of environments, secrets, configs. */
export function redactSpec(spec: Json): Json {
  const redacted = redactEnv(spec);
  if (!isObject(redacted)) return redacted;
  const composeYaml = redacted["composeYaml"];
  return typeof composeYaml === "string"
    ? { ...redacted, composeYaml: redactedFile(composeYaml) }
    : redacted;
}

function redactedFile(text: string): string {
  const read = readComposeDocument(text);
  if (!read.ok) return "<redacted>";
  const redacted = redactedDocument(read.document);
  // Where nothing is hidden, people see what they wrote, comments included.
  return JSON.stringify(redacted) === JSON.stringify(read.document)
    ? text
    : stringify(redacted, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return isMap(value);
}
