import { z } from "zod";
import type { Violation } from "../errors/agent-error.ts";
import { type Healthcheck, healthcheckSchema } from "./container-healthcheck.ts";
import {
  takenPlaces,
  type TmpfsMount,
  tmpfsSchema,
  type VolumeMount,
  volumesSchema,
} from "./container-mounts.ts";
import {
  extraHostsSchema,
  networkSchema,
  type PortMapping,
  portsSchema,
  takenPorts,
  uselessPorts,
} from "./container-network.ts";
import { parseImageReference } from "./image-reference.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Parsed } from "./parsed.ts";
import { containerLimitsSchema, type ResourceLimits } from "./resource-limits.ts";
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
  text,
} from "./spec-text.ts";
import { violationsOf } from "./spec-violations.ts";
import { stopGraceSecondsDefault, stopGraceSecondsSchema } from "./stop-grace.ts";

/** A container, as a user asks for it. What is left out has the default named here; none is filled in. */
export interface ContainerSpec {
  /** `[registry[:port]/]path[:tag][@sha256:...]`. Without a tag and a digest: `latest`. */
  readonly image: string;
  /** Replaces the CMD of the image, together with `args`; its ENTRYPOINT stays. */
  readonly command?: readonly string[] | undefined;
  /** Further words after `command`. */
  readonly args?: readonly string[] | undefined;
  /** Replaces the ENTRYPOINT of the image, whose CMD then counts no more. */
  readonly entrypoint?: readonly string[] | undefined;
  /** Added to the environment of the image. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** `name`, `uid`, `name:group` or `uid:gid`, as the container knows them. Default: the image's. */
  readonly user?: string | undefined;
  /** Absolute, in the container. Default: the image's. */
  readonly workingDir?: string | undefined;
  /** Gives the container nearly all that root may do on the host. Default false. */
  readonly privileged?: boolean | undefined;
  readonly volumes?: readonly VolumeMount[] | undefined;
  readonly tmpfs?: readonly TmpfsMount[] | undefined;
  /** `bridge`, `host`, `none`, or the name of a network of Docker that exists. Default `bridge`. */
  readonly network?: string | undefined;
  /** None with the networks `host` and `none`. No two take the same port of the host. */
  readonly ports?: readonly PortMapping[] | undefined;
  /** Names for the container's /etc/hosts, each with an IP address or `host-gateway`, which stands for that of the host. */
  readonly extraHosts?: Readonly<Record<string, string>> | undefined;
  readonly healthcheck?: Healthcheck | undefined;
  /** Memory at least 6 MiB. */
  readonly resources?: ResourceLimits | undefined;
  readonly restartPolicy?: RestartPolicySpec | undefined;
  /** How long a stop may take before it is forced, 0 to 3600. Default 10. */
  readonly stopGraceSeconds?: number | undefined;
  /**
   * When a registry is asked. `missing`, the default: when the node does not have the image. `always`: before each new revision. `never`:
   * not at all.
   */
  readonly pullPolicy?: (typeof pullPolicies)[number] | undefined;
  /** A name in the operator's folder of registry credentials; never a credential itself. Default: the operator's own for that registry. */
  readonly registryAuth?: string | undefined;
  /** Labels of the container, and for filters. None starts with `persys.`. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly log?: LogBounds | undefined;
}

/** How much of a container's output is kept. */
export interface LogBounds {
  /** Of one file, at least 16384. Default 10,000,000. */
  readonly maxSizeBytes?: number | undefined;
  /** How many files, the newest included, 1 to 100. Default 5. */
  readonly maxFiles?: number | undefined;
}

/** What the engine has to know of a container spec. */
export interface ParsedContainerSpec {
  /** The spec as sent, without empty members. */
  readonly spec: Json;
  readonly restart: RestartPolicy;
  readonly stopGraceMs: number;
  readonly labels: Readonly<Record<string, string>>;
}

const pullPolicies = ["", "always", "missing", "never"] as const;

/** The beginning of the labels that the agent itself sets. */
const ownLabelPrefix = "persys.";

/** Longest image reference: a registry of 255 characters, a path of 255, a tag, a digest, and room. */
const imageCharsMax = 1_024;
/** Docker reads a line of output in pieces of 16 KiB; a file holds at least one. */
const logBytesMin = 16_384;
const logFilesMax = 100;
/** The largest uid and gid that Docker takes. */
const accountMax = 2_147_483_647;

const image = z
  .string()
  .max(imageCharsMax)
  .superRefine((it, context) => {
    const parsed = parseImageReference(it);
    if (parsed.ok) return;
    for (const { rule } of parsed.violations) context.addIssue({ code: "custom", message: rule });
  });

const account = "(?:[A-Za-z_][A-Za-z0-9_.-]{0,254}\\$?|\\d{1,10})";
const userPattern = new RegExp(`^(?:${account}(?::${account})?)?$`);

const user = z
  .string()
  .regex(userPattern, { error: "must be a name or a uid, and may have `:` and a group or a gid" })
  .refine(
    (it) => it.split(":").every((part) => !/^\d+$/.test(part) || Number(part) <= accountMax),
    {
      error: `must have a uid and a gid of at most ${accountMax}`,
    },
  );

const environmentName = text.refine((it) => it !== "" && !it.includes("="), {
  error: "must be a name without `=`",
});

const labelName = z
  .string()
  .min(1)
  .max(256)
  .refine((it) => !it.startsWith(ownLabelPrefix), {
    error: `must not start with \`${ownLabelPrefix}\`: such labels are the agent's own`,
  })
  .refine((it) => !it.includes("\0"), { error: "must not contain a NUL character" });

const words = z.array(text).max(65_536);

const schema: z.ZodType<ContainerSpec> = z.strictObject({
  image,
  command: words.optional(),
  args: words.optional(),
  entrypoint: words
    .refine((it) => it[0] !== "", { path: [0], error: "must name the program to run" })
    .optional(),
  env: environment(environmentName).optional(),
  user: user.optional(),
  workingDir: absolutePathOrEmpty.optional(),
  privileged: z.boolean().optional(),
  volumes: volumesSchema.optional(),
  tmpfs: tmpfsSchema.optional(),
  network: networkSchema.optional(),
  ports: portsSchema.optional(),
  extraHosts: extraHostsSchema.optional(),
  healthcheck: healthcheckSchema.optional(),
  resources: containerLimitsSchema.optional(),
  restartPolicy: restartPolicySchema.optional(),
  stopGraceSeconds: stopGraceSecondsSchema.optional(),
  pullPolicy: z.enum(pullPolicies).optional(),
  registryAuth: z
    .string()
    .regex(/^$|^[A-Za-z0-9][\w.-]{0,127}$/, {
      error: "must be the name of an entry of the node's registry credentials, not a credential",
    })
    .optional(),
  labels: z.record(labelName, labelValue).optional(),
  log: z
    .strictObject({
      maxSizeBytes: z
        .int({ error: "must be a whole number" })
        .refine((it) => it === 0 || it >= logBytesMin, {
          error: `must be at least ${logBytesMin} bytes, or 0 for the default`,
        })
        .optional(),
      maxFiles: z.int().min(0).max(logFilesMax).optional(),
    })
    .optional(),
  managedVolumes: z
    .array(z.unknown())
    .refine((it) => it.length === 0, { error: "is not supported yet: use volumes" })
    .optional(),
});

/** The rules between members, which hold also where single members break theirs. */
function brokenBetweenMembers(spec: unknown): readonly Violation[] {
  const useless = uselessPorts(spec);
  return [
    ...takenPlaces(spec),
    ...takenPorts(spec),
    ...(useless === undefined ? [] : [{ path: ["ports"], rule: useless }]),
  ];
}

/**
 * The container spec in `input`, or every rule that it breaks, unknown keys included. Values of `env` and what stands in place of the name
 * of a credential never appear in a violation. Members that say nothing (an empty text, list or object; 0 and false where they are the
 * default) are left out of the result, so that all ways of not saying something have one digest.
 */
export function parseContainerSpec(input: unknown): Parsed<ParsedContainerSpec> {
  const parsed = schema.safeParse(input);
  const between = brokenBetweenMembers(input);
  if (!parsed.success || between.length > 0) {
    const single = violationsOf(parsed.error?.issues ?? [], input, { isSecret });
    return { ok: false, violations: [...single, ...between] };
  }
  const spec = parsed.data;
  const { entrypoint = [], command = [], args = [] } = spec;
  if (launchBytes([...entrypoint, ...command, ...args], spec.env) > launchBytesMax) {
    const rule = `entrypoint, command, args and env together must have at most ${launchBytesMax} bytes`;
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

/** A spec that {@link parseContainerSpec} accepted before, as a record keeps it, typed again. Undefined when it does not follow the rules. */
export function containerSpecOf(spec: Json): ContainerSpec | undefined {
  return brokenBetweenMembers(spec).length > 0 ? undefined : schema.safeParse(spec).data;
}

function isSecret([member]: readonly (string | number)[]): boolean {
  return member === "env" || member === "registryAuth";
}

/** The spec without what says nothing. Inside lists of words and inside env, labels and extraHosts everything says something. */
function asSent(spec: ContainerSpec): JsonObject {
  const { resources, restartPolicy: restart, healthcheck, log, ...rest } = spec;
  const { privileged, volumes, tmpfs, ports, ...plain } = rest;
  return filled(
    {
      ...plain,
      ...(privileged === true ? { privileged } : {}),
      volumes: volumes?.map((it) => filled({ ...it }, isNoDefault)),
      tmpfs: tmpfs?.map((it) => filled({ ...it }, isNoDefault)),
      ports: ports?.map((it) => filled({ ...it }, isNoDefault)),
      healthcheck: filled({ ...healthcheck }, isNoDefault),
      log: filled({ ...log }, isNoDefault),
      resources: filled({ ...resources }, isNoDefault),
      restartPolicy: filled({ ...restart }, isNoDefault),
    },
    saysSomething,
  );
}
