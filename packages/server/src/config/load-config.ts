import { isWithin, normalisedPath } from "@persys/core";
import type { Config } from "./config.ts";
import type { ConfigFile } from "./config-file.ts";
import { type ConfigOption, flagOf } from "./config-option.ts";
import { type ConfigRow, configRows, configTable } from "./config-table.ts";
import { laterOptions } from "./later-options.ts";
import { isLoopback } from "./network-address.ts";
import { truth } from "./option-type.ts";
import { suggestName } from "./suggest-name.ts";

/** Where settings come from, the strongest first: flags, environment, file, variables of other programs, then the defaults. */
export interface ConfigSources {
  /** Values of flags by key (`http_port`). */
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile | undefined;
  /** The absolute folder of the development profile, whose defaults then hold; undefined outside it. */
  readonly devDir: string | undefined;
}

/** One thing wrong with the settings. */
export interface ConfigProblem {
  /** The setting as it was given: `PERSYS_HTTP_PORT`, `--http-port`, `http_port in /etc/persys/agent_config.yaml`. */
  readonly setting: string;
  /** What has to hold and how to get there. */
  readonly rule: string;
  /** The value given, at most 80 characters; undefined where it is a secret. */
  readonly seen?: string;
}

/** Where each setting got its value from: a name as in {@link ConfigProblem}, or `default`. */
export type ConfigOrigins = Readonly<Record<keyof Config, string>>;

/** What came of loading: the settings, or everything that is wrong with them at once. */
export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: Config;
      readonly origins: ConfigOrigins;
      readonly warnings: readonly string[];
    }
  | {
      readonly ok: false;
      readonly problems: readonly ConfigProblem[];
      readonly warnings: readonly string[];
    };

/** Names in the environment that start alike and belong to others: the command line client, the tests and the search for the file. */
const namesOfOthers: ReadonlySet<string> = new Set([
  "PERSYS_CONFIG_FILE",
  "PERSYS_ENDPOINT",
  "PERSYS_CA_FILE",
  "PERSYS_CERT_FILE",
  "PERSYS_KEY_FILE",
  "PERSYS_TOKEN",
  "PERSYS_CONTEXT",
  "PERSYS_CONTEXT_FILE",
]);
const testPrefix = "PERSYS_TEST_";

interface Given {
  readonly setting: string;
  readonly input: unknown;
  /** The setting that wins over it, where it is another program's. */
  readonly own?: string;
}

/** Reads and checks every setting. Pure: what it reads is in `sources`. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const problems: ConfigProblem[] = [];
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const { name, option } of configRows) {
    const given = findGiven(option, sources, problems);
    origins[name] = given?.setting ?? "default";
    values[name] =
      given === undefined ? defaultOf(option, sources.devDir) : readGiven(option, given, problems);
  }
  const warnings = [...envWarnings(sources.env), ...fileWarnings(sources.file)];
  if (problems.length > 0) return { ok: false, problems, warnings };
  // Every row was read by its own type, so the collected values are those of a Config.
  const config = values as { -readonly [Name in keyof Config]: Config[Name] };
  if (sources.devDir !== undefined) config.devDir = sources.devDir;
  const conflicts = checkTogether(config, origins);
  if (conflicts.length > 0) return { ok: false, problems: conflicts, warnings };
  return { ok: true, config, origins: origins as ConfigOrigins, warnings };
}

/** A problem as one line for a person. */
export function describeProblem(problem: ConfigProblem): string {
  const seen = problem.seen === undefined ? "" : ` is ${JSON.stringify(problem.seen)}, but`;
  return `${problem.setting}${seen} ${problem.rule}`;
}

function defaultOf(option: ConfigOption<unknown>, devDir: string | undefined): unknown {
  return devDir === undefined || option.development === undefined
    ? option.standard
    : option.development(devDir);
}

/** The strongest source that gives a value. An empty variable counts as not set, as an EnvironmentFile of systemd leaves them. */
function findGiven(
  option: ConfigOption<unknown>,
  sources: ConfigSources,
  problems: ConfigProblem[],
): Given | undefined {
  const flag = sources.flags[option.key];
  if (flag !== undefined) return { setting: flagOf(option), input: flag };
  const set = option.env.flatMap((name) => {
    const value = sources.env[name];
    return isSaid(value) ? [{ setting: name, input: value }] : [];
  });
  const [first, ...others] = set;
  const contrary = others.find((other) => other.input !== first?.input);
  if (first !== undefined && contrary !== undefined) {
    problems.push({
      setting: contrary.setting,
      rule: `says otherwise than ${first.setting}, which means the same: set only one of them`,
    });
  }
  if (first !== undefined) return first;
  const input = sources.file?.settings[option.key];
  if (input === undefined || input === null) return findForeign(option, sources.env);
  return { setting: `${option.key} in ${sources.file?.path ?? "the file"}`, input };
}

function findForeign(
  { foreignEnv, env: [own] }: ConfigOption<unknown>,
  env: ConfigSources["env"],
): Given | undefined {
  if (foreignEnv === undefined) return undefined;
  const { name, when = name } = foreignEnv;
  const input = env[name];
  return isSaid(input) && isSaid(env[when]) ? { setting: name, input, own } : undefined;
}

function isSaid(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== "";
}

function readGiven(
  option: ConfigOption<unknown>,
  given: Given,
  problems: ConfigProblem[],
): unknown {
  const result = option.type.read(given.input);
  if (result.ok) return result.value;
  const seen = typeof given.input === "string" ? given.input : JSON.stringify(given.input);
  problems.push({
    setting: given.setting,
    rule:
      given.own === undefined
        ? result.rule
        : `${result.rule}; ${given.own}, where it is set, counts instead`,
    ...(option.secret === true ? {} : { seen: seen.slice(0, 80) }),
  });
  return undefined;
}

/** Rules between settings. */
function checkTogether(config: Config, origins: Readonly<Record<string, string>>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const nameOf = (name: keyof Config): string => {
    const origin = origins[name];
    return origin === undefined || origin === "default" ? configTable[name].env[0] : origin;
  };
  const listening = config.grpcEnabled
    ? (["httpAddress", "grpcAddress"] as const)
    : (["httpAddress"] as const);
  for (const name of config.tlsEnabled || config.httpAllowCleartext ? [] : listening) {
    if (isLoopback(config[name])) continue;
    problems.push({
      setting: nameOf(name),
      seen: config[name],
      rule: "can be reached from other machines, and without TLS the bearer token would cross the network readable: use TLS (PERSYS_TLS_ENABLED), or 127.0.0.1, or set PERSYS_HTTP_ALLOW_CLEARTEXT=true on a network that is trusted",
    });
  }
  if (!isLoopback(config.metricsAddress) && !config.tlsEnabled) {
    problems.push({
      setting: nameOf("metricsAddress"),
      seen: config.metricsAddress,
      rule: "can be reached from other machines, and without TLS nobody can prove to be allowed to read the metrics: use TLS (PERSYS_TLS_ENABLED), or 127.0.0.1",
    });
  }
  const ports = [
    "httpPort",
    "metricsPort",
    ...(config.grpcEnabled ? ["grpcPort" as const] : []),
  ] as const;
  for (const [at, name] of ports.entries()) {
    const other = ports.slice(0, at).find((it) => config[it] === config[name] && config[it] !== 0);
    if (other === undefined) continue;
    problems.push({
      setting: nameOf(name),
      seen: String(config[name]),
      rule: `must differ from the port that ${nameOf(other)} names`,
    });
  }
  problems.push(...vmFolderProblems(config, nameOf));
  if (config.backoffMaxMs < config.backoffBaseMs) {
    problems.push({
      setting: nameOf("backoffMaxMs"),
      seen: configTable.backoffMaxMs.type.write(config.backoffMaxMs),
      rule: `must be at least the first delay, ${configTable.backoffBaseMs.type.write(config.backoffBaseMs)} (${nameOf("backoffBaseMs")})`,
    });
  }
  return problems;
}

/** Everybody may read what is among the images, so nothing else may be. */
function vmFolderProblems(
  config: Config,
  nameOf: (name: keyof Config) => string,
): readonly ConfigProblem[] {
  if (!config.vmEnabled) return [];
  const images = normalisedPath(config.vmImageFolder);
  return (["vmDiskFolder", "vmRoot"] as const)
    .filter((name) => isWithin(normalisedPath(config[name]), images))
    .map((name) => ({
      setting: nameOf("vmImageFolder"),
      seen: config.vmImageFolder,
      rule: `must not be, or hold, the folder that ${nameOf(name)} names: every machine may read what is among the images`,
    }));
}

function envWarnings(env: ConfigSources["env"]): string[] {
  const known = new Set(configRows.flatMap(({ option }) => option.env));
  const names = Object.keys(env).filter(
    (name) =>
      name.startsWith("PERSYS_") &&
      env[name] !== "" &&
      !known.has(name) &&
      !namesOfOthers.has(name) &&
      !name.startsWith(testPrefix),
  );
  return names.flatMap((name) => {
    const key = name.slice("PERSYS_".length).toLowerCase();
    const part = laterOptions.get(key);
    if (part === undefined) return [unknownName(name, known)];
    return isRefusal(key, env[name]) ? [] : [withoutEffect(name, part)];
  });
}

function fileWarnings(file: ConfigFile | undefined): string[] {
  if (file === undefined) return [];
  const known = new Set(configRows.map(({ option }: ConfigRow) => option.key));
  return Object.keys(file.settings)
    .filter((key) => !known.has(key))
    .flatMap((key) => {
      const setting = `${key} in ${file.path}`;
      const part = laterOptions.get(key);
      if (part === undefined) return [unknownName(setting, known, key)];
      return isRefusal(key, file.settings[key]) ? [] : [withoutEffect(setting, part)];
    });
}

/** Whether a part that is not there is switched off: then all is as wanted. */
function isRefusal(key: string, input: unknown): boolean {
  const wanted = truth.read(input);
  return key.endsWith("_enabled") && wanted.ok && !wanted.value;
}

function withoutEffect(setting: string, part: string): string {
  return `${setting} has no effect: this version comes without ${part}`;
}

function unknownName(setting: string, known: Iterable<string>, name: string = setting): string {
  const meant = suggestName(name, known);
  return `${setting} is not a setting and has no effect${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}
