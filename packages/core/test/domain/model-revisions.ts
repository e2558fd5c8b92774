import type { RestartPolicy } from "../../src/domain/restart-policy.ts";
import { freshTrial, type Revision } from "../../src/domain/workload-record.ts";

/** What a revision of the model does once it runs, and what its prepare comes to. */
export interface Behaviour {
  readonly restart: RestartPolicy;
  /** Ends by itself so long after each start, with this code; undefined: runs until it is ended. */
  readonly ends?: { readonly afterMs: number; readonly code: number };
  readonly health?: "healthy" | "unhealthy";
  /** Every prepare of it fails: for good, or as if it might succeed later. */
  readonly prepareFails?: "final" | "transient";
  /** Every start of it fails before anything has changed: as if what prepare made was gone, or as if it might succeed later. */
  readonly startFails?: "NOT_PREPARED" | "NETWORK_ERROR";
}

const always = { kind: "always" } as const;

/** The revisions that a user of the model applies. */
const behaviours = {
  serves: { restart: always },
  servesToo: { restart: always },
  healthy: { restart: always, health: "healthy" },
  sick: { restart: always, health: "unhealthy" },
  crashes: { restart: always, ends: { afterMs: 0, code: 1 } },
  job: { restart: { kind: "on-failure", maxRetries: 0 }, ends: { afterMs: 5_000, code: 0 } },
  retriedJob: { restart: { kind: "on-failure", maxRetries: 2 }, ends: { afterMs: 700, code: 3 } },
  once: { restart: { kind: "no" }, ends: { afterMs: 12_000, code: 0 } },
  onceServes: { restart: { kind: "no" } },
  onceFails: { restart: { kind: "no" }, ends: { afterMs: 3_000, code: 4 } },
  badImage: { restart: always, prepareFails: "final" },
  slowRegistry: { restart: always, prepareFails: "transient" },
  neverReady: { restart: always, startFails: "NOT_PREPARED" },
  noSecret: { restart: always, startFails: "NETWORK_ERROR" },
} as const satisfies Record<string, Behaviour>;

/** The name of one of {@link behaviours}; also its revision id. */
export type ModelRevision = keyof typeof behaviours;

/** All of them. */
export const modelRevisions: readonly ModelRevision[] = [
  "serves",
  "servesToo",
  "healthy",
  "sick",
  "crashes",
  "job",
  "retriedJob",
  "once",
  "onceServes",
  "onceFails",
  "badImage",
  "slowRegistry",
  "neverReady",
  "noSecret",
];

/** What a revision of this id does. */
export function behaviourOf(revisionId: string): Behaviour {
  const found = modelRevisions.find((it) => it === revisionId);
  if (found === undefined) throw new Error(`the model has no revision ${revisionId}`);
  return behaviours[found];
}

/** A revision as a request brings it: nothing was done with it yet. */
export function freshRevision(
  revisionId: string,
  restart: RestartPolicy = { kind: "always" },
  spec = revisionId,
): Revision {
  return {
    revisionId,
    digest: `v1:${spec}`,
    spec,
    restart,
    stopGraceMs: 10_000,
    prepared: false,
    starts: 0,
    ends: 0,
    settled: false,
    completed: false,
    trial: freshTrial,
  };
}
