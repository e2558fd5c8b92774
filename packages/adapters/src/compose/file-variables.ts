import type { Violation } from "@persys/core";
import { isFreeVariable } from "./command-variables.ts";
import { type ComposeDocument, isMap } from "./compose-document.ts";

type Path = readonly string[];

/** `$NAME` and the beginning of `${NAME…}` (compose-spec, interpolation), wherever it stands: defaults may hold further ones. */
const referencePattern = /\$\{?([A-Za-z_]\w*)/g;

/**
 * Every place of a file that reads a variable which is not the workload's to set. Such a variable has another value when a file is judged than
 * when it is brought up (the name of the project), or tells something of the node.
 */
export function ownVariables(document: ComposeDocument): readonly Violation[] {
  return [...referencesIn(document, []), ...passedOn(document)];
}

function referencesIn(value: unknown, path: Path): readonly Violation[] {
  if (typeof value === "string") return referencesOf(value, path);
  if (Array.isArray(value))
    return value.flatMap((it: unknown, at) => referencesIn(it, [...path, String(at)]));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    ...referencesOf(name, path),
    ...referencesIn(member, [...path, name]),
  ]);
}

/** A doubled dollar stands for a dollar. */
function referencesOf(text: string, path: Path): readonly Violation[] {
  if (!text.includes("$")) return [];
  const names = [...text.replaceAll("$$", "").matchAll(referencePattern)].map(([, it]) => it ?? "");
  return refused(names, path);
}

/** Variables that a file names without a dollar: those of an environment that have no value, and those that secrets and configs are made of. */
function passedOn({ services, secrets, configs }: ComposeDocument): readonly Violation[] {
  return [
    ...entriesOf(services).flatMap(([name, it]) =>
      refused(unsetIn(it["environment"]), ["services", name, "environment"]),
    ),
    ...Object.entries({ secrets, configs }).flatMap(([kind, parts]) =>
      entriesOf(parts).flatMap(([name, { environment }]) =>
        refused(typeof environment === "string" ? [environment] : [], [kind, name, "environment"]),
      ),
    ),
  ];
}

function unsetIn(environment: unknown): readonly string[] {
  if (Array.isArray(environment))
    return environment
      .filter((it) => typeof it === "string")
      .filter((it: string) => !it.includes("="));
  if (!isMap(environment)) return [];
  return Object.keys(environment).filter((name) => environment[name] === null);
}

function entriesOf(parts: unknown): readonly (readonly [string, ComposeDocument])[] {
  return isMap(parts)
    ? Object.entries(parts).flatMap(([name, it]) => (isMap(it) ? [[name, it] as const] : []))
    : [];
}

/** Names of variables are no secrets; what surrounds them may be one. */
function refused(names: readonly string[], path: Path): readonly Violation[] {
  return [...new Set(names)]
    .filter((name) => !isFreeVariable(name))
    .map((name) => ({
      path,
      rule: `must not read the variable ${name.slice(0, 80)}, which is not the workload's own: choose another name, or write $$ for a dollar`,
    }));
}
