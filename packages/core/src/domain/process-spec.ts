import { z } from "zod";
import type { Json, JsonObject } from "./json.ts";
import type { Parsed } from "./parsed.ts";
import { type ResourceLimits, resourceLimitsSchema } from "./resource-limits.ts";
import {
  type RestartPolicy,
  restartPolicy,
  restartPolicySchema,
  type RestartPolicySpec,
} from "./restart-policy.ts";
import { filled, isNoDefault, saysSomething } from "./spec-members.ts";
import {
  absolutePathOrEmpty,
  environment,
  labelValue,
  launchBytes,
  launchBytesMax,
  pathBytesMax,
  text,
  utf8Bytes,
} from "./spec-text.ts";
import { violationsOf } from "./spec-violations.ts";
import { stopGraceSecondsDefault, stopGraceSecondsSchema } from "./stop-grace.ts";

/** A host process, as a user asks for it. What is left out has the default named here; none is filled in. */
export interface ProcessSpec {
  /** The program, an absolute path or a name looked up in the PATH of `env` (else the runtime's default PATH), and its first arguments. */
  readonly command: readonly string[];
  /** Further arguments. */
  readonly args?: readonly string[] | undefined;
  /** The whole environment: nothing is inherited from the agent. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Absolute. Default `/`. */
  readonly workingDir?: string | undefined;
  /** A name, a uid, or uid:gid. Default: the agent's own account. */
  readonly user?: string | undefined;
  readonly resources?: ResourceLimits | undefined;
  readonly restartPolicy?: RestartPolicySpec | undefined;
  /** How long a stop may take before it is forced, 0 to 3600. Default 10. */
  readonly stopGraceSeconds?: number | undefined;
  /** For filters and for people; the process does not see them. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** What the engine has to know of a process spec. */
export interface ParsedProcessSpec {
  /** The spec as sent, without empty members. */
  readonly spec: Json;
  readonly restart: RestartPolicy;
  readonly stopGraceMs: number;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Names that a POSIX shell keeps for itself; the shell that starts the process could not set them faithfully. `PWD` and the like can be set.
 */
const shellNames: ReadonlySet<string> = new Set(
  "BASHOPTS BASH_VERSINFO EUID LINENO OPTIND PPID SHELLOPTS UID".split(" "),
);

/** Names under which the process runtime hands values to the shell that starts the process. */
const launchPrefix = "PERSYS_LAUNCH_";

/** The largest uid and gid there is: the next one means "leave it as it is" to the kernel (setresuid(2)), and those after it are cut down. */
const accountMax = 4_294_967_294;

/** What the first word has to be besides a text. */
const program = z
  .string()
  .refine((it) => it !== "", { error: "must name the program to run" })
  .refine((it) => !it.includes("/") || it.startsWith("/"), {
    error: "must be an absolute path, or a name without `/` that is looked up in PATH",
  })
  .refine((it) => !it.startsWith("-"), { error: "must not start with `-`" })
  .refine((it) => utf8Bytes(it) <= pathBytesMax, {
    error: `must have at most ${pathBytesMax} bytes`,
  });

const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,1023}$/, {
    error: "must be letters, digits and `_`, not starting with a digit, without `=`",
  })
  .refine((it) => !shellNames.has(it) && !it.startsWith(launchPrefix), {
    error: "is reserved: use another name",
  });

const schema: z.ZodType<ProcessSpec> = z.strictObject({
  command: z
    .array(text)
    .max(4096)
    .superRefine((words, context) => {
      const [first] = words;
      if (first === undefined) {
        const message = "must have at least 1 entry: the program to run";
        context.addIssue({ code: "custom", path: [], message, input: words });
        return;
      }
      for (const issue of program.safeParse(first).error?.issues ?? [])
        context.addIssue({ code: "custom", path: [0], message: issue.message, input: first });
    }),
  args: z.array(text).max(65_536).optional(),
  env: environment(environmentName).optional(),
  workingDir: absolutePathOrEmpty.optional(),
  user: z
    .string()
    .regex(/^$|^[A-Za-z_][A-Za-z0-9_.-]{0,254}\$?$|^\d{1,10}(?::\d{1,10})?$/, {
      error: "must be the name of a user, a uid, or uid:gid in digits",
    })
    .refine(
      (it) => it.split(":").every((part) => !/^\d+$/.test(part) || Number(part) <= accountMax),
      { error: `must have a uid and a gid of at most ${accountMax}` },
    )
    .optional(),
  resources: resourceLimitsSchema.optional(),
  restartPolicy: restartPolicySchema.optional(),
  stopGraceSeconds: stopGraceSecondsSchema.optional(),
  labels: z.record(z.string().min(1).max(256), labelValue).optional(),
});

/**
 * The process spec in `input`, or every rule that it breaks, unknown keys included. Values of `env` never appear in a violation. Members
 * that say nothing (an empty text, list or object; 0 for a limit) are left out of the result, so that all ways of not saying something
 * have one digest.
 */
export function parseProcessSpec(input: unknown): Parsed<ParsedProcessSpec> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    return {
      ok: false,
      violations: violationsOf(parsed.error.issues, input, { isSecret: isInEnv }),
    };
  }
  const spec = parsed.data;
  if (launchBytes([...spec.command, ...(spec.args ?? [])], spec.env) > launchBytesMax) {
    const rule = `command, args and env together must have at most ${launchBytesMax} bytes`;
    return { ok: false, violations: [{ path: [], rule }] };
  }
  const policy = spec.restartPolicy;
  return {
    ok: true,
    value: {
      spec: asSent(spec),
      restart: restartPolicy(policy?.policy ?? "", policy?.maxRetryCount ?? 0),
      stopGraceMs: (spec.stopGraceSeconds ?? stopGraceSecondsDefault) * 1000,
      labels: spec.labels ?? {},
    },
  };
}

/** A spec that {@link parseProcessSpec} accepted before, as a record keeps it, typed again. Undefined when it does not follow the rules. */
export function processSpecOf(spec: Json): ProcessSpec | undefined {
  return schema.safeParse(spec).data;
}

function isInEnv(path: readonly (string | number)[]): boolean {
  return path[0] === "env";
}

/** The spec without what says nothing. Inside lists and inside env and labels everything says something. */
function asSent(spec: ProcessSpec): JsonObject {
  const { resources, restartPolicy: restart, ...rest } = spec;
  const limits = filled({ ...resources }, isNoDefault);
  const policy = filled({ ...restart }, isNoDefault);
  return filled({ ...rest, resources: limits, restartPolicy: policy }, saysSomething);
}
