import {
  type ErrorCode,
  errorCodes,
  type Json,
  type Parsed,
  type ParsedSpec,
  restartPolicy,
  restartPolicyNames,
  violationsOf,
} from "@persys/core";
import { z } from "zod";

/** What a simulated workload does, as its spec says. Everything may be left out. */
export interface SimulatedSpec {
  /** `serve` (default) runs until it is stopped; `exit` ends by itself `exitAfterMs` after each start. */
  readonly program?: "serve" | "exit" | undefined;
  /** 0 to 255, default 0; `unknown`: nobody learns it. Of `exit` only. */
  readonly exitCode?: number | "unknown" | undefined;
  /** Default 0: over before the start returns. Of `exit` only. */
  readonly exitAfterMs?: number | undefined;
  /** What its health check says from the start on. Default `none`: it has no check. */
  readonly health?: "none" | "starting" | "healthy" | "unhealthy" | undefined;
  /** With `health: starting`: healthy so long after each start. */
  readonly healthyAfterMs?: number | undefined;
  /** How long each call takes, by the clock. Default 0. A stop that takes longer than its grace is forced then. */
  readonly prepareMs?: number | undefined;
  readonly startMs?: number | undefined;
  readonly stopMs?: number | undefined;
  /** The code with which every prepare or start of it fails. */
  readonly prepareFails?: ErrorCode | undefined;
  readonly startFails?: ErrorCode | undefined;
  /** As in the other kinds of spec. */
  readonly restartPolicy?:
    | {
        readonly policy?: (typeof restartPolicyNames)[number] | undefined;
        readonly maxRetryCount?: number | undefined;
      }
    | undefined;
  /** Default 10. */
  readonly stopGraceSeconds?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** What `demands` reports. */
  readonly cpuMillicores?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly hostPaths?: readonly string[] | undefined;
  readonly user?: string | undefined;
  /** Redacted wherever a spec is shown. */
  readonly secret?: string | undefined;
  /** Without meaning: makes one revision differ from another. */
  readonly note?: string | undefined;
}

const durationMs = z.int().min(0);
const amount = z.int().min(0);

const schema: z.ZodType<SimulatedSpec> = z.strictObject({
  program: z.enum(["serve", "exit"]).optional(),
  exitCode: z.union([z.int().min(0).max(255), z.literal("unknown")]).optional(),
  exitAfterMs: durationMs.optional(),
  health: z.enum(["none", "starting", "healthy", "unhealthy"]).optional(),
  healthyAfterMs: durationMs.optional(),
  prepareMs: durationMs.optional(),
  startMs: durationMs.optional(),
  stopMs: durationMs.optional(),
  prepareFails: z.enum(errorCodes).optional(),
  startFails: z.enum(errorCodes).optional(),
  restartPolicy: z
    .strictObject({
      policy: z.enum(restartPolicyNames).optional(),
      maxRetryCount: amount.optional(),
    })
    .optional(),
  stopGraceSeconds: z.int().min(0).max(3600).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  cpuMillicores: amount.optional(),
  memoryBytes: amount.optional(),
  hostPaths: z.array(z.string().startsWith("/")).optional(),
  user: z.string().optional(),
  secret: z.string().optional(),
  note: z.string().optional(),
});

const defaultGraceSeconds = 10;

/** The spec in `input`, or every rule it breaks. */
export function parseSimulatedSpec(input: unknown): Parsed<ParsedSpec> {
  const result = schema.safeParse(input);
  if (!result.success) {
    const isSecret = (path: readonly (string | number)[]): boolean => path[0] === "secret";
    return { ok: false, violations: violationsOf(result.error.issues, input, { isSecret }) };
  }
  const spec = result.data;
  return {
    ok: true,
    value: {
      spec: withoutEmptyMembers(spec),
      restart: restartPolicy(
        spec.restartPolicy?.policy ?? "",
        spec.restartPolicy?.maxRetryCount ?? 0,
      ),
      stopGraceMs: (spec.stopGraceSeconds ?? defaultGraceSeconds) * 1000,
      labels: spec.labels ?? {},
    },
  };
}

/** The behaviour in a spec that `parseSimulatedSpec` has accepted, as a target carries it. */
export function behaviourOf(spec: Json): SimulatedSpec {
  return schema.parse(spec);
}

/** Leaves out members that say nothing: undefined, empty lists and empty objects. */
function withoutEmptyMembers(spec: SimulatedSpec): Json {
  const members = Object.entries(spec).filter(([, value]) => !isEmpty(value));
  return Object.fromEntries(members) as Json;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
