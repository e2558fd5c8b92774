import { type ComposeDocument, isMap } from "./compose-document.ts";

/**
 * Begins the name of every variable of a workload in the environment of the compose command. No program, library or loader knows names like
 * these, so nothing that a workload calls its variables steers any of them: `LD_PRELOAD` comes as `PERSYS_ENV_LD_PRELOAD`.
 */
const prefix = "PERSYS_ENV_";

/**
 * Variables that the compose command has in its own environment, makes for itself, or is told by what starts it; those that end in `_` begin the
 * names of many.
 */
const commandsOwn: readonly string[] = [
  "COMPOSE_",
  "DOCKER_",
  "HOME",
  "LC_ALL",
  "LD_",
  "OLDPWD",
  "OTEL_",
  "PATH",
  "PERSYS_",
  "PWD",
  "SHLVL",
  "_",
];

/**
 * What the kernel takes as one variable of a program, in bytes, with its name, `=` and the NUL at its end (MAX_ARG_STRLEN in
 * linux/binfmts.h: 32 pages, which have 4,096 bytes at least).
 */
const entryBytesMax = 131_072;

/** What name and value of a variable may have together, in bytes. */
export const variableBytesMax: number = entryBytesMax - prefix.length - 2;

/** Whether the command cannot be given a variable. */
export function isTooLong(name: string, value: string): boolean {
  return Buffer.byteLength(name) + Buffer.byteLength(value) > variableBytesMax;
}

/** `$$`, `$NAME`, and the beginning of `${NAME…}` (compose-spec, interpolation), wherever it stands: defaults may hold further ones. */
const referencePattern = /\$\$|\$(\{?)([A-Za-z_]\w*)/g;

/** A reference with something for when its variable is not set, up to where the first generation of the command takes it to end. */
const otherwisePattern = /\$\$|\$\{([A-Za-z_]\w*)(:?[-?+])([^}]*)/g;

/** A file and its variables as the compose command is given them. */
export interface CommandInput {
  /** JSON, which every generation of the command reads alike. */
  readonly text: string;
  /** Its variables, under names of ours. */
  readonly env: Readonly<Record<string, string>>;
}

/** Whether the command has a variable of this name, or may have, whatever the workload's are. */
export function isCommandsOwn(name: string): boolean {
  const upper = name.toUpperCase();
  return commandsOwn.some((it) => (it.endsWith("_") ? upper.startsWith(it) : upper === it));
}

/** The names of the variables that a text reads. A doubled dollar stands for a dollar. */
export function variablesIn(text: string): readonly string[] {
  if (!text.includes("$")) return [];
  return [...text.matchAll(referencePattern)].flatMap(([, , name]) => name ?? []);
}

/**
 * Whether a reference of a text holds a dollar that counts where `env` is read: what the second generation fills in there, the first leaves as it
 * is. What is for a variable that is not set does not count where it is; but the first takes the end of `${…}` in there for its own.
 */
export function hasNested(text: string, env: Readonly<Record<string, string>>): boolean {
  return [...text.matchAll(otherwisePattern)].some(([, name = "", sign = "", otherwise = ""]) => {
    if (!otherwise.includes("$")) return false;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    const isSet = sign.startsWith(":") ? Boolean(value) : value !== undefined;
    return !isSet || sign.endsWith("+") || otherwise.replaceAll("$$", "").includes("${");
  });
}

/** The file with the workload's variables in it, for the command. Means what the file meant with `env` for its environment. */
export function commandInput(
  document: ComposeDocument,
  env: Readonly<Record<string, string>>,
): CommandInput {
  const { secrets, configs, services } = document;
  const has = (name: string): boolean => Object.hasOwn(env, name);
  const renamed: ComposeDocument = {
    ...mapOf(document, inOurNames),
    ...(isMap(services) ? { services: mapOf(services, (it) => serviceOf(it, has)) } : {}),
    ...(isMap(secrets) ? { secrets: mapOf(secrets, contentOf) } : {}),
    ...(isMap(configs) ? { configs: mapOf(configs, contentOf) } : {}),
  };
  const variables = Object.entries(env).map(([name, it]) => [prefix + name, it] as const);
  return { text: JSON.stringify(renamed), env: Object.fromEntries(variables) };
}

/** What the command says, with the names that people know. */
export function withoutPrefix(words: string): string {
  return words.replaceAll(prefix, "");
}

function inOurNames(value: unknown): unknown {
  if (typeof value === "string")
    return value.replaceAll(referencePattern, (whole: string, brace?: string, name?: string) =>
      name === undefined ? whole : `$${brace ?? ""}${prefix}${name}`,
    );
  if (Array.isArray(value)) return value.map(inOurNames);
  return isMap(value) ? mapOf(value, inOurNames) : value;
}

/** An entry of an environment without a value is a variable that is passed on under its own name. */
function serviceOf(service: unknown, has: (name: string) => boolean): unknown {
  const renamed = inOurNames(service);
  const { environment } = isMap(service) ? service : {};
  if (!isMap(renamed) || environment === undefined) return renamed;
  const passed = (name: string): string => `\${${prefix}${name}}`;
  if (Array.isArray(environment)) {
    const items = environment.map((it: unknown) =>
      typeof it === "string" && has(it) ? `${it}=${passed(it)}` : inOurNames(it),
    );
    return { ...renamed, environment: items };
  }
  if (!isMap(environment)) return renamed;
  const members = Object.entries(environment).map(
    ([name, value]) =>
      [name, value === null && has(name) ? passed(name) : inOurNames(value)] as const,
  );
  return { ...renamed, environment: Object.fromEntries(members) };
}

/** Secrets and configs name a variable without a dollar. */
function contentOf(content: unknown): unknown {
  const renamed = inOurNames(content);
  if (!isMap(renamed)) return renamed;
  const { environment } = renamed;
  return typeof environment === "string"
    ? { ...renamed, environment: prefix + environment }
    : renamed;
}

function mapOf(members: ComposeDocument, each: (member: unknown) => unknown): ComposeDocument {
  return Object.fromEntries(Object.entries(members).map(([name, it]) => [name, each(it)]));
}
