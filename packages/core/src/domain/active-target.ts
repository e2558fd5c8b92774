import { type Instance, type Observation, currentInstance } from "./observation.ts";
import type { StepTarget } from "./step.ts";
import { isOf, type Revision, type WorkloadRecord } from "./workload-record.ts";

/** A revision of a record, and which of its two it is. */
export interface ActiveTarget {
  readonly target: StepTarget;
  readonly revision: Revision;
}

/**
 * The revision that is to run while the wanted state is running: the wanted one once it is prepared and as long as it is not given up;
 * else the last settled one, if there is one.
 */
export function activeTarget(record: WorkloadRecord): ActiveTarget | undefined {
  const { wanted, fallback } = record;
  if (wanted.prepared && wanted.givenUp === undefined)
    return { target: "wanted", revision: wanted };
  return fallback === undefined ? undefined : { target: "fallback", revision: fallback };
}

/** One of the revisions of a record; undefined where it has none to fall back to. */
export function revisionOf(record: WorkloadRecord, target: StepTarget): Revision | undefined {
  return target === "wanted" ? record.wanted : record.fallback;
}

/** The record with one of its revisions exchanged. */
export function withRevision(
  record: WorkloadRecord,
  target: StepTarget,
  revision: Revision,
): WorkloadRecord {
  return target === "wanted" ? { ...record, wanted: revision } : { ...record, fallback: revision };
}

/** The current instance when it was made from this revision. */
export function currentOf(
  record: WorkloadRecord,
  revision: Revision,
  observation: Observation,
): Instance | undefined {
  const current = currentInstance(observation);
  return current !== undefined && isOf(current, record, revision) ? current : undefined;
}

/** Names what an end would be the end of: the current run, or for an absence the number of the start it follows. */
export function runKey(current: Instance | undefined, starts: number): string {
  return current === undefined ? `absent#${starts}` : (current.run ?? `${current.handle}#created`);
}
