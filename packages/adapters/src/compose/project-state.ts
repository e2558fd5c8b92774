import { isWorkloadId, type WorkloadId } from "@persys/core";
import { z } from "zod";
import type { GitOrigin } from "./git-source.ts";

/** A service as a revision wants it. Holds no secrets. */
export interface WantedService {
  readonly name: string;
  readonly image: string;
  readonly replicas: number;
  /** `no` only where the file says so; empty where it says nothing. */
  readonly restart: string;
  readonly restartsMax: number;
  readonly dependsOn: readonly string[];
}

/** What prepare has found out about a revision. */
export interface PreparedRevision {
  readonly project: string;
  readonly services: readonly WantedService[];
  readonly profiles: readonly string[];
  /** Where its file was fetched from; undefined: its spec brought it. */
  readonly git?: GitOrigin | undefined;
  readonly retainVolumes: boolean;
  /** Names that its volumes and networks have in the engine of Docker, which are everybody's. */
  readonly names: readonly string[];
}

/** A revision that was brought up, or is being brought up. */
export interface MadeRevision {
  /** Grows with every instance of the workload. */
  readonly sequence: number;
  /** Grows with every time the instance was brought back. */
  readonly turn: number;
  readonly uid: string;
  readonly revisionId: string;
  readonly specDigest: string;
  /** Whether the compose command has brought it up to the end. */
  readonly finished: boolean;
  readonly revision: PreparedRevision;
  /** Compose's hash of each container's configuration as it stood when the command had ended, by service. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** A revision that was set aside, and how it was last seen. */
export interface KeptRevision extends MadeRevision {
  readonly run?: string | undefined;
  readonly startedAtMs?: number | undefined;
}

/** What the engine of Docker reported of containers that can be changed while they exist, as text, by container id. */
export type ContainerConfigurations = Readonly<Record<string, string>>;

/** What is known of a workload's project besides what the engine of Docker holds. */
export interface ProjectState {
  readonly id: WorkloadId;
  /** The last sequence that was given. */
  readonly sequence: number;
  /** Whether it was stopped by us and not started since. */
  readonly stopped: boolean;
  /** Of the containers that there were when our last `up` had ended, each as it was first seen then. */
  readonly configurations?: ContainerConfigurations | undefined;
  readonly current?: MadeRevision | undefined;
  readonly kept?: KeptRevision | undefined;
}

/** The form of the file. */
const format = 1;

/** The form of a {@link GitOrigin}. */
export const gitOriginSchema: z.ZodType<GitOrigin> = z.object({
  repository: z.string(),
  ref: z.string(),
  path: z.string(),
  commit: z.string(),
});

const preparedSchema: z.ZodType<PreparedRevision> = z.object({
  project: z.string(),
  services: z.array(
    z.object({
      name: z.string(),
      image: z.string(),
      replicas: z.number(),
      restart: z.string(),
      restartsMax: z.number(),
      dependsOn: z.array(z.string()),
    }),
  ),
  profiles: z.array(z.string()),
  git: gitOriginSchema.optional(),
  retainVolumes: z.boolean(),
  names: z.array(z.string()),
});

const made = {
  sequence: z.number(),
  turn: z.number(),
  uid: z.string(),
  revisionId: z.string(),
  specDigest: z.string(),
  finished: z.boolean(),
  revision: preparedSchema,
  hashes: z.record(z.string(), z.string()),
};

const stateSchema = z.object({
  format: z.literal(format),
  id: z.custom<WorkloadId>((it) => typeof it === "string" && isWorkloadId(it)),
  sequence: z.number(),
  stopped: z.boolean(),
  configurations: z.record(z.string(), z.string()).optional(),
  current: z.object(made).optional(),
  kept: z
    .object({ ...made, run: z.string().optional(), startedAtMs: z.number().optional() })
    .optional(),
});

/** A state in the form of its file. */
export function stateText(state: ProjectState): string {
  return JSON.stringify({ format, ...state });
}

/** Reads a state. @throws {SyntaxError} {z.ZodError} for what was not written here. */
export function stateOf(text: string): ProjectState {
  return stateSchema.parse(JSON.parse(text));
}

/** Reads what prepare has found out. @throws {SyntaxError} {z.ZodError} for what was not written here. */
export function preparedOf(text: string): PreparedRevision {
  return preparedSchema.parse(JSON.parse(text));
}
