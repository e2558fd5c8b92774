import { type ComposeDocument, isMap } from "./compose-document.ts";

const hidden = "<redacted>";

/** A compose file with every value of an environment, of a secret and of a config replaced by `<redacted>`. */
export function redactedDocument(document: ComposeDocument): ComposeDocument {
  const { configs, secrets, services } = document;
  return {
    ...document,
    ...(services === undefined ? {} : { services: eachOf(services, redactedService) }),
    ...(secrets === undefined ? {} : { secrets: eachOf(secrets, redactedContent) }),
    ...(configs === undefined ? {} : { configs: eachOf(configs, redactedContent) }),
  };
}

/** All values that {@link redactedDocument} hides. */
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
