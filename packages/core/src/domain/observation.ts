import type { Failure } from "./failure.ts";

/**
 * What an instance does.
 *
 * - `created`: made, never started.
 * - `starting`: on its way up, by itself.
 * - `running`: up; `health` says how well.
 * - `paused`: frozen, its memory kept.
 * - `stopping`: on its way down, by itself.
 * - `exited`: down; `exit` says how it ended.
 */
export const instanceStates = [
  "created",
  "starting",
  "running",
  "paused",
  "stopping",
  "exited",
] as const;

/** One of {@link instanceStates}. */
export type InstanceState = (typeof instanceStates)[number];

/** `none`: it has no health check. `unhealthy`: its check has failed past its own grace and retries. */
export type InstanceHealth = "none" | "starting" | "healthy" | "unhealthy";

/** How an instance ended. `unknown` is never read as success. */
export type InstanceExit =
  | {
      readonly kind: "code";
      readonly code: number;
      readonly oomKilled?: boolean;
      readonly endedAtMs?: number;
      /** Which part of it ended, and how, as a phrase for people; shortened to 512 characters. Left out where there is no more to say. */
      readonly detail?: string;
    }
  | { readonly kind: "unknown"; readonly endedAtMs?: number; readonly detail?: string };

/** One thing of ours that a runtime holds for a workload: a container, a process, a domain, a project. */
export interface Instance {
  /** The runtime's own name for it, constant while it exists. */
  readonly handle: string;
  /** The creation it belongs to, as labelled when it was made. */
  readonly uid: string;
  /** The revision it was made from, as labelled. */
  readonly revisionId: string;
  /** The digest of the spec it was made from, as labelled. */
  readonly specDigest: string;
  /** Set aside by a replacement, to be run again should the new one not settle. At most one instance is kept. */
  readonly kept: boolean;
  readonly state: InstanceState;
  readonly health: InstanceHealth;
  /** The last output of its health check, shortened to 512 characters. */
  readonly healthOutput?: string;
  /**
   * Names one run, from a start to its end. Differs from the run before; the same however often it is read. Undefined before the first
   * start.
   */
  readonly run?: string;
  /** When this run began, Unix milliseconds. */
  readonly startedAtMs?: number;
  /** Present when `state` is `exited`. */
  readonly exit?: InstanceExit;
  /** What differs from what the runtime reported right after our own start, one phrase each; empty where nothing does. */
  readonly drift: readonly string[];
  /** Facts for the status, such as `process.pid`. Small, flat, free of secrets. */
  readonly facts: Readonly<Record<string, string>>;
}

/**
 * What a read of a runtime found for one workload. `unreadable` says nothing about what exists: nothing is ever created, removed or
 * forgotten because of it.
 */
export type Observation =
  | { readonly kind: "absent" }
  | {
      readonly kind: "present";
      /** One, or during a replacement two: the kept one and the current one. Never empty. */
      readonly instances: readonly Instance[];
      /** Equal to the glance that `list` gives while nothing changes. */
      readonly glance: string;
    }
  | { readonly kind: "unreadable"; readonly failure: Failure };

/** The instance that is not kept, if there is one. */
export function currentInstance(observation: Observation): Instance | undefined {
  return observation.kind === "present" ? observation.instances.find((it) => !it.kept) : undefined;
}

/** The instance set aside by a replacement, if there is one. */
export function keptInstance(observation: Observation): Instance | undefined {
  return observation.kind === "present" ? observation.instances.find((it) => it.kept) : undefined;
}

/** Whether the instance holds resources of a live workload: everything but `created` and `exited`. */
export function isLive(instance: Instance): boolean {
  return instance.state !== "created" && instance.state !== "exited";
}

/** Whether an instance lives that is not on its way down. */
export function isAnyUp(observation: Observation): boolean {
  return (
    observation.kind === "present" &&
    observation.instances.some((it) => isLive(it) && it.state !== "stopping")
  );
}
