import { parseWorkloadId, type Target, type WorkloadId } from "@persys/core";
import type { SeenDomain } from "../../src/libvirt/seen-domain.ts";
import { marksFor } from "../../src/libvirt/domain-ownership.ts";
import { domainState } from "../../src/libvirt/rpc/index.ts";

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

/** A machine of ours that runs, as a look shows it. */
export function aSeenDomain(changes: Partial<SeenDomain> = {}): SeenDomain {
  const current = { ...marksFor(aTarget(), "i1"), run: "run-1", startedAtMs: 1_000, domainId: 5 };
  const definition = {
    digest: "config-1",
    size: { vcpus: 1, vcpusMax: 1, memoryKib: 65_536, memoryMaxKib: 65_536 },
    interfaces: [],
    disks: [],
    consoleLog: undefined,
    variablesPath: undefined,
  };
  return {
    ownership: {
      id: workloadId("vm-1"),
      nodeId: "node",
      current,
      kept: undefined,
      former: undefined,
    },
    definition,
    running: definition,
    isAutostarted: false,
    isPersistent: true,
    name: "vm-1",
    uuid: "00112233-4455-8677-8899-aabbccddeeff",
    domainId: 5,
    state: domainState.running,
    reason: 1,
    ...changes,
  };
}
