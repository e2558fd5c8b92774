import { type ComposeDocument, isMap } from "./compose-document.ts";

const hidden = "<redacted>";

/** Parts of a file whose members people name: there `x-` begins a name like any other. */
const namedParts: ReadonlySet<string> = new Set([
  "configs",
  "networks",
  "secrets",
  "services",
  "volumes",
]);

/**
 * A compose file with every value of an environment, of a secret, of a config and of a field that begins with `x-` replaced by `<redacted>`. Such
 * fields are where people keep what environments share.
 */
export function redactedDocument(document: ComposeDocument): ComposeDocument {
  const shown = withoutNotes(document);
  const { configs, secrets, services } = shown;
  return {
    ...shown,
    ...(services === undefined ? {} : { services: eachOf(services, redactedService) }),
    ...(secrets === undefined ? {} : { secrets: eachOf(secrets, redactedContent) }),
    ...(configs === undefined ? {} : { configs: eachOf(configs, redactedContent) }),
  };
}

function withoutNotes(document: ComposeDocument): ComposeDocument {
  const part = (name: string, it: unknown): unknown =>
    namedParts.has(name) && isMap(it) ? mapOf(it, noted) : notedUnder(name, it);
  return Object.fromEntries(Object.entries(document).map(([name, it]) => [name, part(name, it)]));
}

function noted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(noted);
  if (!isMap(value)) return value;
  const fields = Object.entries(value).map(([name, it]) => [name, notedUnder(name, it)]);
  return Object.fromEntries(fields);
}

function notedUnder(name: string, value: unknown): unknown {
  return name.startsWith("x-") ? hidden : noted(value);
}

function mapOf(parts: ComposeDocument, each: (part: unknown) => unknown): ComposeDocument {
  return Object.fromEntries(Object.entries(parts).map(([name, it]) => [name, each(it)]));
}

/** All values of environments, secrets and configs, which {@link redactedDocument} hides. */
export function secretsOf(document: ComposeDocument): readonly string[] {
  const { configs, secrets, services } = document;
  return [
    ...membersIn(services).flatMap((it) =>
      environmentOf(it["environment"]).map(([, value]) => value),
    ),
    ...[...membersIn(secrets), ...membersIn(configs)].map((it) => plainText(it["content"])),
  ].filter((it) => it !== "");
}

function redactedService(service: ComposeDocument): ComposeDocument {
  const { environment } = service;
  if (environment === undefined) return service;
  const names = environmentOf(environment).map(([name]) => [name, hidden]);
  return { ...service, environment: Object.fromEntries(names) };
}

function redactedContent(content: ComposeDocument): ComposeDocument {
  return content["content"] === undefined ? content : { ...content, content: hidden };
}

function eachOf(parts: unknown, redact: (part: ComposeDocument) => ComposeDocument): unknown {
  if (!isMap(parts)) return parts;
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [name, isMap(part) ? redact(part) : part]),
  );
}

function membersIn(parts: unknown): readonly ComposeDocument[] {
  return isMap(parts) ? Object.values(parts).filter(isMap) : [];
}

/** Names and values of an environment, which may be a list of `NAME=value`. */
function environmentOf(environment: unknown): readonly (readonly [string, string])[] {
  if (Array.isArray(environment))
    return environment.map((it) => {
      const [name = "", ...rest] = String(it).split("=");
      return [name, rest.join("=")];
    });
  if (!isMap(environment)) return [];
  return Object.entries(environment).map(([name, value]) => [name, plainText(value)]);
}

/** Objects and lists have no place in an environment; the command refuses them. */
function plainText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
