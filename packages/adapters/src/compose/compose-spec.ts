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
import { isFreeVariable } from "./command-variables.ts";
import {
  type ComposeDocument,
  composeText,
  isMap,
  readComposeDocument,
} from "./compose-document.ts";
import { brokenRules } from "./compose-rules.ts";
import { projectNameCharsMax, projectNamePattern } from "./project-name.ts";

/** A compose application, as a user asks for it. What is left out has the default named here; none is filled in. */
export interface ComposeSpec {
  /** Default: made of the workload's id. */
  readonly projectName?: string | undefined;
  /** The compose file, as it is or in base64; kept as it is. */
  readonly composeYaml: string;
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

const stopGraceSecondsDefault = 10;
const environmentBytesMax = 131_072;

const plainText = z
  .string()
  .refine((it) => !it.includes("\0"), { error: "must not contain a NUL character" })
  .refine((it) => it.isWellFormed(), { error: "must be well-formed Unicode" });

const variable = plainText
  .regex(/^[A-Za-z_]\w{0,255}$/, { error: "must be a name of letters, digits and `_`" })
  .refine(isFreeVariable, {
    error: "is refused as a name: it steers the compose command itself; choose another in the file",
  });

const schema: z.ZodType<ComposeSpec> = z.strictObject({
  projectName: z
    .string()
    .max(projectNameCharsMax)
    .refine((it) => it === "" || projectNamePattern.test(it), {
      error: "must begin with a lower-case letter or a digit, and go on with those, `_` and `-`",
    })
    .optional(),
  composeYaml: plainText,
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

/**
 * The compose spec in `input`, or every rule that it and its file break, unknown keys included. Neither values of `env` nor anything of the
 * file but names of its fields appear in a violation.
 */
export function parseComposeSpec(input: unknown): Parsed<ParsedSpec> {
  const parsed = schema.safeParse(input);
  const single = violationsOf(parsed.error?.issues ?? [], input, { isSecret });
  const read = readFile(input);
  const violations = [...single, ...(read?.violations ?? [])];
  if (!parsed.success || read?.document === undefined || violations.length > 0)
    return { ok: false, violations };
  const spec = parsed.data;
  return {
    ok: true,
    value: {
      spec: asSent(spec, read.text),
      restart: restartPolicy(policyOf(read.document), 0),
      stopGraceMs: (spec.stopGraceSeconds ?? stopGraceSecondsDefault) * 1000,
      labels: spec.labels ?? {},
    },
  };
}

/** A spec that {@link parseComposeSpec} accepted before, typed again, with its file. Undefined when it does not follow the rules. */
export function composeSpecOf(
  spec: Json,
): { readonly spec: ComposeSpec; readonly document: ComposeDocument } | undefined {
  const parsed = schema.safeParse(spec);
  const read = readFile(spec);
  return parsed.success && read?.document !== undefined && read.violations.length === 0
    ? { spec: parsed.data, document: read.document }
    : undefined;
}

interface ReadFile {
  readonly text: string;
  readonly document: ComposeDocument | undefined;
  readonly violations: readonly Violation[];
}

/** Undefined: there is none to read, which the schema tells. */
function readFile(input: unknown): ReadFile | undefined {
  const sent = isMap(input) ? input["composeYaml"] : undefined;
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
  const read = readComposeDocument(text);
  const broken = read.ok ? brokenRules(read.document) : read.violations;
  const violations = broken.map((it) => ({ ...it, path: ["composeYaml", ...it.path] }));
  return { text, document: read.ok ? read.document : undefined, violations };
}

function isSecret([member]: readonly (string | number)[]): boolean {
  return member === "env" || member === "composeYaml";
}

/**
 * When the application as a whole is to run again. One with a service that is always to run never completes; one whose services all say `no`
 * is started once; any other has completed when every service has ended with 0.
 */
function policyOf({ services }: ComposeDocument): "always" | "no" | "on-failure" {
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
function asSent(spec: ComposeSpec, composeYaml: string): JsonObject {
  const {
    env = {},
    labels = {},
    profiles = [],
    projectName,
    retainVolumes,
    stopGraceSeconds,
  } = spec;
  return {
    composeYaml,
    ...(projectName ? { projectName } : {}),
    ...(Object.keys(env).length > 0 ? { env } : {}),
    ...(profiles.length > 0 ? { profiles: [...profiles] } : {}),
    ...(retainVolumes === true ? { retainVolumes } : {}),
    ...(stopGraceSeconds === undefined ? {} : { stopGraceSeconds }),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  };
}
