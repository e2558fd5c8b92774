import { isWorkloadId, type Target, type WorkloadId } from "@persys/core";
import { keptName, plainName } from "./container-names.ts";

/** Marks everything that an agent made, as older agents write it too. */
export const managedLabel = "persys.managed=true";

/** Names one container for good: what was made from an image of it carries the same. */
export const instanceLabel = "persys.instance";

/** On a volume: where in the container it belongs. */
export const volumePathLabel = "persys.volume_path";

const names = {
  managed: "persys.managed",
  workloadId: "persys.workload_id",
  revisionId: "persys.revision_id",
  nodeId: "persys.node_id",
  uid: "persys.uid",
  specDigest: "persys.spec_digest",
  sequence: "persys.sequence",
  configuration: "persys.configuration",
} as const;

/** What the labels of a container of ours say. */
export interface OwnershipMarks {
  readonly id: WorkloadId;
  /** Empty for a container of an older agent. */
  readonly uid: string;
  readonly revisionId: string;
  readonly specDigest: string;
  /** Grows with every container made for the workload; 0 for one of an older agent. */
  readonly sequence: number;
  /** Empty for a container of an older agent. */
  readonly instance: string;
  /** What the engine is to report of it, as JSON; undefined: not known. */
  readonly configuration: string | undefined;
}

/** What tells one container from all others that are made for a workload. */
export interface Making {
  readonly sequence: number;
  readonly instance: string;
  readonly configuration: string;
}

type Labels = Readonly<Record<string, string>>;

/** The labels of a container made for `target`. */
export function labelsOf(target: Target, nodeId: string, making: Making): Labels {
  return {
    ...sharedLabels(target, nodeId),
    [names.revisionId]: target.revisionId,
    [names.specDigest]: target.specDigest,
    [names.sequence]: String(making.sequence),
    [instanceLabel]: making.instance,
    [names.configuration]: making.configuration,
  };
}

/** The labels of a volume made for `target`, to be mounted at `path`. It stays with the workload through all revisions. */
export function volumeLabelsOf(target: Target, nodeId: string, path: string): Labels {
  return { ...sharedLabels(target, nodeId), [volumePathLabel]: path };
}

/** What a list is filtered by to find all that this node made for a workload; containers of older agents are not among it. */
export function filterOf(id: WorkloadId, nodeId: string): readonly string[] {
  return [managedLabel, `${names.workloadId}=${id}`, `${names.nodeId}=${nodeId}`];
}

/** What a list is filtered by to find every container that may be the workload's, those of older agents and other nodes included. */
export function candidateFilterOf(id: WorkloadId): readonly string[] {
  return [managedLabel, `${names.workloadId}=${id}`];
}

/**
 * What the labels say, where they are those of a container that `nodeId` made, or that an older agent made: such a one has neither a node
 * nor a uid, and its name is the id, or that of what a replacement has set aside. Undefined for all others.
 */
export function marksOf(
  labels: Labels,
  reportedNames: readonly string[],
  nodeId: string,
): OwnershipMarks | undefined {
  const id = labels[names.workloadId];
  const revisionId = labels[names.revisionId];
  if (labels[names.managed] !== "true" || id === undefined || !isWorkloadId(id)) return undefined;
  if (revisionId === undefined) return undefined;
  const node = labels[names.nodeId];
  if (node === undefined) return olderMarks(labels, reportedNames, { id, revisionId });
  const sequence = Number(labels[names.sequence]);
  const [uid, instance] = [labels[names.uid], labels[instanceLabel]];
  if (node !== nodeId || !Number.isSafeInteger(sequence)) return undefined;
  if (uid === undefined || instance === undefined) return undefined;
  const specDigest = labels[names.specDigest] ?? "";
  const configuration = labels[names.configuration];
  return { id, uid, revisionId, specDigest, sequence, instance, configuration };
}

function olderMarks(
  labels: Labels,
  reportedNames: readonly string[],
  { id, revisionId }: { readonly id: WorkloadId; readonly revisionId: string },
): OwnershipMarks | undefined {
  if ([names.uid, names.specDigest, instanceLabel].some((it) => it in labels)) return undefined;
  const own: readonly string[] = [id, keptName(id)];
  if (!reportedNames.some((it) => own.includes(plainName(it)))) return undefined;
  return {
    id,
    revisionId,
    uid: "",
    specDigest: "",
    sequence: 0,
    instance: "",
    configuration: undefined,
  };
}

function sharedLabels(target: Target, nodeId: string): Labels {
  return {
    [names.managed]: "true",
    [names.workloadId]: target.id,
    [names.nodeId]: nodeId,
    [names.uid]: target.uid,
  };
}
