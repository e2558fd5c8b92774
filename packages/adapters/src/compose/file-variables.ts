import { secretValueOf, type Violation } from "@persys/core";
import { hasNested, isCommandsOwn, variablesIn } from "./command-variables.ts";
import { type ComposeDocument, isMap } from "./compose-document.ts";

type Path = readonly string[];
type Environment = Readonly<Record<string, unknown>>;

const nestedRule =
  "must not have `$` within `${…}`: the compose command of this node, docker-compose 1, leaves what stands there as it is; set the variable in env";

const namePattern = /^[A-Za-z_]\w*$/;

/**
 * Every place of a file that reads a variable which is not the workload's: it has another value when a file is judged than when it is brought up
 * (the name of the project), or tells something of the node. And every place that reads a variable whose value is a reference but those that
 * containers alone get to see: what a secret is, nobody has judged.
 */
export function misreadVariables(
  document: ComposeDocument,
  env: Environment,
): readonly Violation[] {
  return [...readIn(document, [], env), ...passedOn(document, env)];
}

/**
 * Every place of a file where, read with `env`, a reference holds another that counts: the first generation of the command fills in only the outer
 * one.
 */
export function nestedReferences(
  document: ComposeDocument,
  env: Readonly<Record<string, string>>,
): readonly Violation[] {
  return Object.entries(document)
    .filter(([part]) => !part.startsWith("x-"))
    .flatMap(([part, it]) => nestedIn(it, ["composeYaml", part], env));
}

function nestedIn(
  value: unknown,
  path: Path,
  env: Readonly<Record<string, string>>,
): readonly Violation[] {
  if (typeof value === "string") return hasNested(value, env) ? [{ path, rule: nestedRule }] : [];
  if (Array.isArray(value))
    return value.flatMap((it: unknown, at) => nestedIn(it, [...path, String(at)], env));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([name, it]) => nestedIn(it, [...path, name], env));
}

function readIn(value: unknown, path: Path, env: Environment): readonly Violation[] {
  if (typeof value === "string") return misread(variablesIn(value), path, env);
  if (Array.isArray(value))
    return value.flatMap((it: unknown, at) => readIn(it, [...path, String(at)], env));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    ...misread(variablesIn(name), path, env),
    ...readIn(member, [...path, name], env),
  ]);
}

/** Variables that a file names without a dollar: those of an environment that have no value, and those that secrets and configs are made of. */
function passedOn(
  { services, secrets, configs }: ComposeDocument,
  env: Environment,
): readonly Violation[] {
  return [
    ...entriesOf(services).flatMap(([service, { environment }]) => {
      const path = ["services", service, "environment"];
      const names = namesIn(environment);
      const isMade = names.some((it) => it.includes("$"));
      return [
        ...misread(unsetIn(environment), path, env),
        ...(isMade ? [{ path, rule: "must have names that are written out, without `$`" }] : []),
      ];
    }),
    ...Object.entries({ secrets, configs }).flatMap(([kind, parts]) =>
      entriesOf(parts).flatMap(([name, { environment }]) => {
        if (typeof environment !== "string") return [];
        const path = [kind, name, "environment"];
        return namePattern.test(environment)
          ? misread([environment], path, env)
          : [{ path, rule: "must be the name of a variable, written out without `$`" }];
      }),
    ),
  ];
}

/** A name that is made of variables could come to be that of any. */
function namesIn(environment: unknown): readonly string[] {
  return Array.isArray(environment)
    ? environment.filter((it) => typeof it === "string").map((it: string) => it.split("=")[0] ?? "")
    : [];
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
function misread(names: readonly string[], path: Path, env: Environment): readonly Violation[] {
  return [...new Set(names)].flatMap((name) => {
    const shown = name.slice(0, 80);
    if (Object.hasOwn(env, name)) {
      if (!isReference(env[name]) || isContainersAlone(path)) return [];
      const rule = `must not read the variable ${shown}, whose value is a reference: what such values stand for goes into environments, secrets and configs alone`;
      return [{ path, rule }];
    }
    if (!isCommandsOwn(name)) return [];
    const rule = `must not read the variable ${shown}, which is not the workload's own: set it in env, choose another name, or write $$ for a dollar`;
    return [{ path, rule }];
  });
}

function isReference(value: unknown): boolean {
  return typeof value === "string" && secretValueOf(value).kind !== "literal";
}

/** Places whose values reach nothing but a container, and notes, which reach nothing. */
function isContainersAlone([part = "", name, field = "", ...rest]: Path): boolean {
  if (part.startsWith("x-")) return true;
  if (name === undefined) return false;
  if (field.startsWith("x-")) return true;
  if (part === "services") return field === "environment" && rest.length <= 1;
  return (part === "secrets" || part === "configs") && ["content", "environment"].includes(field);
}
