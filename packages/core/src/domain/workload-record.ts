import type { Failure } from "./failure.ts";
import type { Json } from "./json.ts";
import type { Observation } from "./observation.ts";
import type { RestartPolicy } from "./restart-policy.ts";
import type { SpecDigest } from "./spec-digest.ts";
import type { SealedSecret } from "./spec-secrets.ts";
import type { WorkloadId } from "./workload-id.ts";

/** What a user wants a workload to be. `deleted` ends in the record being forgotten. */
export type DesiredState = "running" | "stopped" | "deleted";

/**
 * How the tries go: failures since the last success that counts. Persisted, so that a restart of the agent neither forgets a back-off nor
 * a crash loop.
 */
export interface Trial {
  /** Failed steps and unexpected ends since the last apply, retry or settling time of running. */
  readonly attempts: number;
  /** The unexpected ends among them. */
  readonly ends: number;
  /** Exponent of the back-off; 0 means that the next restart is immediate. */
  readonly level: number;
  /** The last failure. */
  readonly failure?: Failure;
  /** Whether what failed has not succeeded since. */
  readonly open: boolean;
  /** The delay that was drawn for the next try, in milliseconds. */
  readonly delayMs: number;
  /** No try before this wall time, Unix milliseconds; never later than `delayMs` from when it is loaded. */
  readonly notBeforeMs: number;
}

/** A revision of a workload: what it is made from, and how far the engine got with it. */
export interface Revision {
  readonly revisionId: string;
  readonly digest: SpecDigest;
  /** The spec as it was sent, without defaults; where there is `sealed`, as its runtime shows it. */
  readonly spec: Json;
  /** The secrets of the spec, each unreadable without a key. Left out where they are in `spec`, or it has none. */
  readonly sealed?: readonly SealedSecret[];
  readonly restart: RestartPolicy;
  /** How long a stop may take before it is forced, in milliseconds. */
  readonly stopGraceMs: number;
  /** Whether `prepare` has succeeded for it. */
  readonly prepared: boolean;
  /** Starts since the last apply, retry or change of the wanted state: intended ones, and one for a run that was under way then. */
  readonly starts: number;
  /** Unexpected ends since then. */
  readonly ends: number;
  /** The run whose end (or drift) needs no more attention: already counted, of our own doing, or from before the last start. */
  readonly accountedRun?: string;
  /** Whether it has settled: healthy if it has a check, else up for the settling time, or completed. */
  readonly settled: boolean;
  /** Present when it settled in an earlier generation and has yet to do so in this one. */
  readonly unproven?: boolean;
  /** Whether it ended with 0 where that is completion. */
  readonly completed: boolean;
  /** Present on the one to fall back to that was stopped when the wanted one was asked for: it stays down until that is begun or given up. */
  readonly resting?: boolean;
  readonly trial: Trial;
  /** Present when nothing more is tried with this revision until a new apply or a retry. */
  readonly givenUp?: Failure;
}

/** A step that was decided and written down before it was performed. */
export interface Intent {
  readonly step: string;
  readonly cause: string;
  readonly atMs: number;
}

/** A creation that waits for the deletion before it to finish. */
export interface NextCreation {
  readonly type: string;
  readonly uid: string;
  readonly desired: "running" | "stopped";
  readonly wanted: Revision;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly actionSeq?: number;
  readonly traceparent?: string;
}

/**
 * The workload aggregate: one durable record with what is wanted, what was last observed and what is being tried. Plain data; every change
 * makes a new one.
 */
export interface WorkloadRecord {
  readonly id: WorkloadId;
  /** Key of the runtime that holds it. Fixed for the life of the record. */
  readonly type: string;
  /** Names this creation of the id; in the labels of everything made for it. */
  readonly uid: string;
  /** Grows by one with every request that changes something. */
  readonly generation: number;
  readonly desired: DesiredState;
  readonly wanted: Revision;
  /** The last settled revision while the wanted one has not settled. */
  readonly fallback?: Revision;
  /** Whether prepare may have left something of a superseded revision that never settled. */
  readonly leftovers: boolean;
  /** How the tries of stop, remove and retire go, which never give up. */
  readonly chore: Trial;
  /** Whether `remove` has succeeded since the deletion was asked for. */
  readonly removed: boolean;
  /** The labels of the spec, for filters. */
  readonly labels: Readonly<Record<string, string>>;
  /** The last observation that differed in substance; never `unreadable`. */
  readonly observation: Observation;
  /** Grows with every observation that is kept: (epoch of the owner, counter). */
  readonly observedSequence: readonly [epoch: number, counter: number];
  /** When that observation was made, Unix milliseconds; 0 before the first. */
  readonly observedAtMs: number;
  readonly intent?: Intent;
  /** The history entry of the request that this generation works on. */
  readonly actionSeq?: number;
  /** What is created once the deletion has finished. */
  readonly next?: NextCreation;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** When the derived state last changed, Unix milliseconds. */
  readonly transitionAtMs: number;
  /** W3C traceparent of the request that this generation works on. */
  readonly traceparent?: string;
}

/** A trial in which nothing has failed yet. */
export const freshTrial: Trial = {
  attempts: 0,
  ends: 0,
  level: 0,
  open: false,
  delayMs: 0,
  notBeforeMs: 0,
};

/** Whether the instance was made for this creation, revision and spec. */
export function isOf(
  instance: { readonly uid: string; readonly revisionId: string; readonly specDigest: string },
  record: { readonly uid: string },
  revision: { readonly revisionId: string; readonly digest: SpecDigest },
): boolean {
  return (
    instance.uid === record.uid &&
    instance.revisionId === revision.revisionId &&
    instance.specDigest === revision.digest
  );
}
