import {
  type Json,
  type JsonObject,
  type Parsed,
  type ParsedSpec,
  restartPolicy,
  type Violation,
  violationsOf,
} from "@persys/core";
import { z } from "zod";
import { isTooLong, variableBytesMax } from "./command-variables.ts";
import {
  type ComposeDocument,
  composeText,
  isMap,
  type ReadDocument,
  readComposeDocument,
} from "./compose-document.ts";
import { brokenRules } from "./compose-rules.ts";
import { type GitSource, gitSourceSchema, fetchViolations, plainGitSource } from "./git-source.ts";
import { projectNameCharsMax, projectNamePattern } from "./project-name.ts";

/** A compose application, as a user asks for it. What is left out has the default named here; none is filled in. */
export interface ComposeSpec {
  /** Default: made of the workload's id. */
  readonly projectName?: string | undefined;
  /** The compose file, as it is or in base64; kept as it is. Else there is `git`. */
  readonly composeYaml?: string | undefined;
  /** The compose file in a repository. Else there is `composeYaml`. */
  readonly git?: GitSource | undefined;
  /** The environment in which the file is read: `${NAME}` in it. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Profiles of the file that are to run besides what has none. */
  readonly profiles?: readonly string[] | undefined;
  /** Whether the named volumes stay when the workload is deleted. Default false. */
  readonly retainVolumes?: boolean | undefined;
  /** How long a stop may take before it is forced, 0 to 3600. Default 10. */
  readonly stopGraceSeconds?: number | undefined;
  /** For filters. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** The environment that a file is read with. */
export type Environment = Readonly<Record<string, unknown>>;

const stopGraceSecondsDefault = 10;
const environmentBytesMax = 131_072;

const plainText = z
  .string()
  .refine((it) => !it.includes("\0"), { error: "must not contain a NUL character" })
  .refine((it) => it.isWellFormed(), { error: "must be well-formed Unicode" });

const variable = plainText.regex(/^[A-Za-z_]\w{0,255}$/, {
  error: "must be a name of letters, digits and `_`",
});

const schema: z.ZodType<ComposeSpec> = z.strictObject({
  projectName: z
    .string()
    .max(projectNameCharsMax)
    .refine((it) => it === "" || projectNamePattern.test(it), {
      error: "must begin with a lower-case letter or a digit, and go on with those, `_` and `-`",
    })
    .optional(),
  composeYaml: plainText.optional(),
  git: gitSourceSchema.optional(),
  env: z
    .record(variable, plainText)
    .refine((it) => Buffer.byteLength(JSON.stringify(it)) <= environmentBytesMax, {
      error: `must have at most ${environmentBytesMax} bytes`,
    })
    .optional(),
  profiles: z
    .array(
      z.string().regex(/^[A-Za-z0-9][\w.-]{0,127}$/, { error: "must be the name of a profile" }),
    )
    .max(64)
    .optional(),
  retainVolumes: z.boolean().optional(),
  stopGraceSeconds: z.int().min(0).max(3600).optional(),
  labels: z.record(z.string().min(1).max(256), z.string().max(4096)).optional(),
});

/** A spec, and its file where the spec itself brings it. */
export interface ReadSpec {
  readonly spec: ComposeSpec;
  /** Undefined: it has to be fetched. */
  readonly document: ComposeDocument | undefined;
}

/**
 * The compose spec in `input`, or every rule that it and its file break, unknown keys included. Neither values of `env` nor anything of the
 * file but names of its fields appear in a violation. A file that has to be fetched is not looked at.
 */
export function parseComposeSpec(input: unknown): Parsed<ParsedSpec> {
  const parsed = schema.safeParse(input);
  const single = violationsOf(parsed.error?.issues ?? [], input, { isSecret });
  const read = readFile(input);
  const violations = [
    ...single,
    ...sourceViolations(input),
    ...memberViolations(input),
    ...(read?.violations ?? []),
  ];
  if (!parsed.success || violations.length > 0) return { ok: false, violations };
  const spec = parsed.data;
  return {
    ok: true,
    value: {
      spec: asSent(spec, read?.text),
      restart: restartPolicy(policyOf(read?.document), 0),
      stopGraceMs: (spec.stopGraceSeconds ?? stopGraceSecondsDefault) * 1000,
      labels: spec.labels ?? {},
    },
  };
}

/**
 * A spec that {@link parseComposeSpec} accepted before, typed again, with its file. Undefined when it does not follow the rules; those of what
 * members may be together hold when it is used, since what was accepted before there were such rules may run on.
 */
export function composeSpecOf(spec: Json): ReadSpec | undefined {
  const parsed = schema.safeParse(spec);
  const read = readFile(spec);
  return parsed.success && sourceViolations(spec).length === 0 && !read?.violations.length
    ? { spec: parsed.data, document: read?.document }
    : undefined;
}

/** The file in `text` as data, or every rule that it breaks where `env` is what it is read with. */
export function readComposeFile(text: string, env: Environment): ReadDocument {
  const read = readComposeDocument(text);
  const broken = read.ok ? brokenRules(read.document, env) : read.violations;
  if (read.ok && broken.length === 0) return read;
  return {
    ok: false,
    violations: broken.map((it) => ({ ...it, path: ["composeYaml", ...it.path] })),
  };
}

/** What members break that is not theirs alone. */
function memberViolations(input: unknown): readonly Violation[] {
  if (!isMap(input)) return [];
  const { env, git } = input;
  return [...(isMap(git) ? gitViolations(git) : []), ...longVariables(env)];
}

/** The kernel would not start the command with them. */
function longVariables(env: unknown): readonly Violation[] {
  return Object.entries(isMap(env) ? env : {})
    .filter(([name, value]) => typeof value === "string" && isTooLong(name, value))
    .map(([name]) => ({
      path: ["env", name],
      rule: `must have at most ${variableBytesMax} bytes with its name: programs cannot be given more in one variable`,
    }));
}

/** There is one file: in the spec, or in a repository. */
function sourceViolations(input: unknown): readonly Violation[] {
  if (!isMap(input)) return [];
  const { composeYaml, git } = input;
  const violations: Violation[] = [];
  if (composeYaml === undefined && git === undefined)
    violations.push({ path: ["composeYaml"], rule: "is required: a text; or git instead" });
  if (composeYaml !== undefined && git !== undefined)
    violations.push({
      path: ["git"],
      rule: "must not be there beside composeYaml: there is one file",
    });
  return violations;
}

function gitViolations({ password, repository, username }: ComposeDocument): readonly Violation[] {
  const textOf = (it: unknown): string => (typeof it === "string" ? it : "");
  const broken = fetchViolations({ repository: textOf(repository), password: textOf(password) });
  if (password || !username) return broken;
  const rule = "is required where there is a username";
  return [...broken, { path: ["git", "password"], rule }];
}

interface ReadFile {
  readonly text: string;
  readonly document: ComposeDocument | undefined;
  readonly violations: readonly Violation[];
}

/** Undefined: the spec has no file to read. */
function readFile(input: unknown): ReadFile | undefined {
  const { composeYaml: sent, env } = isMap(input) ? input : {};
  if (typeof sent !== "string") return undefined;
  const text = composeText(sent);
  if (text === undefined)
    return {
      text: "",
      document: undefined,
      violations: [
        { path: ["composeYaml"], rule: "must be a compose file, as it is or in base64" },
      ],
    };
  const read = readComposeFile(text, isMap(env) ? env : {});
  return read.ok
    ? { text, document: read.document, violations: [] }
    : { text, document: undefined, violations: read.violations };
}

/** An address may hold a password, which is among what is wrong with it. */
function isSecret([member, part]: readonly (string | number)[]): boolean {
  if (member === "git") return part !== "ref" && part !== "path";
  return member === "env" || member === "composeYaml";
}

/**
 * When the application as a whole is to run again. One with a service that is always to run never completes; one whose services all say `no`
 * is started once; any other has completed when every service has ended with 0. Of a file that is not there yet the services themselves tell.
 */
function policyOf(document: ComposeDocument | undefined): "always" | "no" | "on-failure" {
  if (document === undefined) return "on-failure";
  const { services } = document;
  const policies = isMap(services) ? Object.values(services).map(restartOf) : [];
  if (policies.some((it) => it === "always" || it === "unless-stopped" || it.includes("$")))
    return "always";
  return policies.every((it) => it === "no") ? "no" : "on-failure";
}

function restartOf(service: unknown): string {
  if (!isMap(service)) return "";
  const { restart, deploy } = service;
  if (typeof restart === "string") return restart;
  // The older commands read a bare `no` as false.
  if (restart === false) return "no";
  const policy = isMap(deploy) ? deploy["restart_policy"] : undefined;
  const condition = isMap(policy) ? policy["condition"] : undefined;
  return condition === "any" ? "always" : "";
}

/** The spec with its file as text, without what says nothing. */
function asSent(spec: ComposeSpec, composeYaml: string | undefined): JsonObject {
  const {
    env = {},
    git,
    labels = {},
    profiles = [],
    projectName,
    retainVolumes,
    stopGraceSeconds,
  } = spec;
  return {
    ...(composeYaml === undefined ? {} : { composeYaml }),
    ...(git === undefined ? {} : { git: plainGitSource(git) }),
    ...(projectName ? { projectName } : {}),
    ...(Object.keys(env).length > 0 ? { env } : {}),
    ...(profiles.length > 0 ? { profiles: [...profiles] } : {}),
    ...(retainVolumes === true ? { retainVolumes } : {}),
    ...(stopGraceSeconds === undefined ? {} : { stopGraceSeconds }),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  };
}
