import {
  type Action,
  freshTrial,
  isWorkloadId,
  type Json,
  type Revision,
  specDigest,
  type WorkloadId,
  type WorkloadRecord,
} from "@persys/core";

/** 2026-01-01T00:00:00Z: when everything happens unless a test says otherwise, Unix milliseconds. */
const defaultMs = 1_767_225_600_000;

/**
 * `text` as a workload id.
 * @throws {TypeError} when it is none: the test is wrong.
 */
export function anId(text: string): WorkloadId {
  if (!isWorkloadId(text)) throw new TypeError(`${JSON.stringify(text)} is not a workload id`);
  return text;
}

/** A revision that nothing was done with yet. Its digest is that of its spec. */
export function aRevision(overrides: Partial<Revision> = {}): Revision {
  const spec: Json = overrides.spec ?? { command: ["sleep", "infinity"] };
  return {
    revisionId: "rev-1",
    digest: specDigest(spec),
    restart: { kind: "always" },
    stopGraceMs: 10_000,
    prepared: false,
    starts: 0,
    ends: 0,
    settled: false,
    completed: false,
    trial: freshTrial,
    ...overrides,
    spec,
  };
}

/** What {@link aRecord} takes: any field, the id as plain text. */
export type RecordOverrides = Partial<Omit<WorkloadRecord, "id">> & { readonly id?: string };

/** A record of a workload that was just applied, wanted running, and not seen yet. */
export function aRecord({ id = "web", ...overrides }: RecordOverrides = {}): WorkloadRecord {
  return {
    id: anId(id),
    type: "process",
    uid: `uid-of-${id}`,
    generation: 1,
    desired: "running",
    wanted: aRevision(),
    leftovers: false,
    chore: freshTrial,
    removed: false,
    labels: {},
    observation: { kind: "absent" },
    observedSequence: [0, 0],
    observedAtMs: 0,
    createdAtMs: defaultMs,
    updatedAtMs: defaultMs,
    transitionAtMs: defaultMs,
    ...overrides,
  };
}

/** What {@link anAction} takes: any field, the workload as plain text. */
export type ActionOverrides = Partial<Omit<Action, "workloadId">> & {
  readonly workloadId?: string;
};

/** An entry of the history: an apply that was just asked for. */
export function anAction({ workloadId = "web", ...overrides }: ActionOverrides = {}): Action {
  const createdAtMs = overrides.createdAtMs ?? defaultMs;
  return {
    seq: 1,
    taskId: `apply-${workloadId}-${createdAtMs}000000`,
    workloadId: anId(workloadId),
    type: "apply_workload",
    status: "pending",
    generation: 1,
    revisionId: "rev-1",
    error: "",
    caller: "tester",
    createdAtMs,
    startedAtMs: 0,
    endedAtMs: 0,
    ...overrides,
  };
}
