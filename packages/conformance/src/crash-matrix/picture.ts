import {
  type Action,
  type Instance,
  isWorkloadId,
  type Json,
  type Revision,
  type WorkloadRecord,
  type WorkloadStatus,
} from "@persys/core";
import type { Stage } from "./stage.ts";

/** What is so at the end of a story, without what differs from one life to the next, such as times and random names. */
export interface Picture {
  /** By id: what runs, what else exists, what is stored, what is said. */
  readonly workloads: Readonly<Record<string, Json>>;
  /** The history, oldest first. */
  readonly actions: readonly string[];
}

/** How things are on a stage now. */
export function pictureOf(stage: Stage, ids: readonly string[]): Picture {
  const { api } = stage.agent.engine;
  const statuses = new Map<string, WorkloadStatus>(api.list({}).map((it) => [it.id, it]));
  const all = [...new Set([...ids, ...statuses.keys(), ...stage.world.ids()])].toSorted();
  const workloads = all.flatMap((id) => {
    const record = stage.world.record(id);
    const shown = {
      instances: instancesOf(stage, id),
      residue: stage.world.residue(id).toSorted(),
      record: record === undefined ? null : recordOf(stage, record),
      status: statusOf(statuses.get(id)),
    };
    const isThere = shown.instances.length + shown.residue.length > 0;
    const isKnown = shown.record !== null || shown.status !== null;
    return isThere || isKnown ? [[id, shown] as const] : [];
  });
  const actions = api.actions({ limit: 0, newestFirst: false });
  return { workloads: Object.fromEntries(workloads), actions: actions.map(actionText).toSorted() };
}

function instancesOf(stage: Stage, id: string): readonly Json[] {
  const seen = isWorkloadId(id) ? stage.world.observe(id) : undefined;
  if (seen?.kind !== "present") return [];
  return seen.instances.map((it) => ({
    ...instanceOf(it),
    creation: stage.creations.numberOf(id, it.uid),
  }));
}

function instanceOf({ revisionId, kept, state, health, exit, drift }: Instance): {
  readonly [key: string]: Json;
} {
  const end = exit?.kind === "code" ? String(exit.code) : (exit?.kind ?? "none");
  return { revisionId, kept, state, health, exit: end, drift: [...drift] };
}

function recordOf(stage: Stage, record: WorkloadRecord): Json {
  const { id, uid, generation, desired, wanted, fallback, leftovers, removed, next } = record;
  return {
    creation: stage.creations.numberOf(id, uid),
    generation,
    desired,
    wanted: revisionOf(wanted),
    fallback: fallback === undefined ? null : revisionOf(fallback),
    leftovers,
    removed,
    next: next === undefined ? null : next.wanted.revisionId,
    intent: record.intent?.step ?? "none",
    choreAttempts: record.chore.attempts,
    labels: { ...record.labels },
  };
}

function revisionOf(it: Revision): Json {
  return {
    revisionId: it.revisionId,
    digest: it.digest,
    prepared: it.prepared,
    settled: it.settled,
    unproven: it.unproven ?? false,
    completed: it.completed,
    resting: it.resting ?? false,
    givenUp: it.givenUp?.reason ?? "no",
    starts: it.starts,
    ends: it.ends,
    attempts: it.trial.attempts,
  };
}

function statusOf(status: WorkloadStatus | undefined): Json {
  if (status === undefined) return null;
  const { actual, desired, revisionId, observedRevisionId, generation, health, failure } = status;
  return {
    actual,
    desired,
    revisionId,
    observedRevisionId,
    generation,
    health,
    restarts: status.restarts,
    failure: failure?.reason ?? "none",
    retryable: failure?.retryable ?? false,
  };
}

function actionText(it: Action): string {
  const { workloadId, generation, revisionId, status, error, caller } = it;
  return `${it.type} of ${workloadId} generation ${generation} (${revisionId}) by ${caller}: ${status} ${error}`.trim();
}
