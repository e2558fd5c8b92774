import { AgentError } from "@persys/core";
import { parse } from "yaml";
import { isMap } from "./compose-document.ts";

/** A compose file as the compose command understands it: interpolated, complete, paths absolute. May hold secrets: never stored. */
export interface ResolvedProject {
  readonly services: readonly ResolvedService[];
  readonly volumes: Members;
  readonly networks: Members;
  readonly secrets: Members;
  readonly configs: Members;
}

/** One service of a project, as the command understands it. */
export interface ResolvedService {
  readonly name: string;
  readonly image: string;
  /** How many containers it is to have. */
  readonly replicas: number;
  /** `no` only where the file says so; empty where it says nothing. */
  readonly restart: string;
  /** After how many restarts `on-failure` gives up; 0: never. */
  readonly restartsMax: number;
  /** Services that are to be there before it. */
  readonly dependsOn: readonly string[];
  /** All that the command said of it. */
  readonly members: Members;
}

/** Members of a part of the file, by name. */
export type Members = Readonly<Record<string, unknown>>;

/**
 * Reads what `config` has put out, YAML of the first generation or JSON of the second. `profiles` are those that are to run.
 * @throws {AgentError} RUNTIME_ERROR when it is no project.
 */
export function resolvedProject(output: string, profiles: readonly string[]): ResolvedProject {
  const root = readOutput(output);
  const services = Object.entries(membersOf(root["services"])).flatMap(([name, value]) => {
    const members = membersOf(value);
    return isWanted(members, profiles) ? [serviceOf(name, members)] : [];
  });
  const part = (name: string): Members => membersOf(root[name]);
  return {
    services,
    volumes: part("volumes"),
    networks: part("networks"),
    secrets: part("secrets"),
    configs: part("configs"),
  };
}

/** The members of an object; none of anything else. */
export function membersOf(value: unknown): Members {
  return isMap(value) ? value : {};
}

/** The items of a list; none of anything else. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text or a number as text; empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function readOutput(output: string): Members {
  let root: unknown;
  try {
    root = output.trimStart().startsWith("{")
      ? JSON.parse(output)
      : parse(output, { maxAliasCount: 0 });
  } catch {
    // Its words may quote a secret, so they are no cause.
    root = undefined;
  }
  if (isMap(root)) return withoutEscapes(root);
  throw new AgentError("RUNTIME_ERROR", "what the compose command says of the file is no project", {
    retryable: true,
    effect: "none",
  });
}

/** Both generations double every dollar, in keys as well, so that their output is a file again. What they run has the single ones. */
function withoutEscapes(root: Members): Members {
  const plain = mapOf(root, undoubled);
  const services = mapOf(membersOf(root["services"]), (service) => {
    const { volumes } = membersOf(service);
    // A mount in the short form, which the first generation alone puts out, it does not escape.
    return isMap(service) && Array.isArray(volumes)
      ? { ...mapOf(service, undoubled), volumes: volumes.map(unlessText) }
      : undoubled(service);
  });
  return { ...plain, services };
}

function unlessText(value: unknown): unknown {
  return typeof value === "string" ? value : undoubled(value);
}

function undoubled(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$$", "$");
  if (Array.isArray(value)) return value.map(undoubled);
  return isMap(value) ? mapOf(value, undoubled) : value;
}

function mapOf(members: Members, each: (member: unknown) => unknown): Members {
  const entries = Object.entries(members);
  return Object.fromEntries(entries.map(([name, it]) => [name.replaceAll("$$", "$"), each(it)]));
}

function serviceOf(name: string, members: Members): ResolvedService {
  const deploy = membersOf(members["deploy"]);
  const policy = membersOf(deploy["restart_policy"]);
  const replicas = Number(members["scale"] ?? deploy["replicas"] ?? 1);
  const [restart = "", count = "0"] = restartOf(members["restart"], policy).split(":");
  return {
    name,
    image: textOf(members["image"]),
    replicas: Number.isSafeInteger(replicas) && replicas >= 0 ? replicas : 1,
    restart,
    restartsMax: Number(count) || Number(policy["max_attempts"] ?? 0) || 0,
    dependsOn: dependenciesOf(members["depends_on"]),
    members,
  };
}

function restartOf(restart: unknown, policy: Members): string {
  if (restart === false) return "no";
  if (typeof restart === "string") return restart;
  const condition = textOf(policy["condition"]);
  return condition === "any" ? "always" : condition === "none" ? "no" : condition;
}

function dependenciesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf).filter(Boolean) : Object.keys(membersOf(value));
}

function isWanted(members: Members, profiles: readonly string[]): boolean {
  const own = itemsOf(members["profiles"]);
  return own.length === 0 || own.some((it) => typeof it === "string" && profiles.includes(it));
}
