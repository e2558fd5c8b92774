import { parseWorkloadId, type Target, type WorkloadId } from "@persys/core";

/** An id of a workload. @throws for what is none. */
export function workloadId(words: string): WorkloadId {
  const parsed = parseWorkloadId(words);
  if (!parsed.ok) throw new Error(`no id: ${words}`);
  return parsed.value;
}

/** A target with a minimal machine. */
export function aTarget(changes: Partial<Target> = {}): Target {
  return {
    id: workloadId("vm-1"),
    uid: "uid-1",
    revisionId: "r1",
    specDigest: "digest-1",
    spec: { vcpus: 1, memoryMb: 64 },
    stopGraceMs: 1_000,
    ...changes,
  };
}
