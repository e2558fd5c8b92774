import { isWorkloadId, type Target, type WorkloadId } from "@persys/core";

/** Marks everything that an agent made. */
export const managedLabel = "persys.managed=true";

type Labels = Readonly<Record<string, string>>;

const names = {
  managed: "persys.managed",
  type: "persys.type",
  workloadId: "persys.workload_id",
  nodeId: "persys.node_id",
  uid: "persys.uid",
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  hash: "com.docker.compose.config-hash",
} as const;

/** The label by which compose itself finds what is of a project. */
export function projectFilter(project: string): string {
  return `${names.project}=${project}`;
}

/** What the labels of a container of ours say. */
export interface ProjectMarks {
  readonly id: WorkloadId;
  readonly uid: string;
  readonly project: string;
  readonly service: string;
  /** Compose's own word for what the container was made from. */
  readonly hash: string;
}

/** The labels of networks and volumes. Volumes may outlive a creation, so that is not named. */
export function projectLabels({ id }: Pick<Target, "id">, nodeId: string): Labels {
  return {
    [names.managed]: "true",
    [names.type]: "compose",
    [names.workloadId]: id,
    [names.nodeId]: nodeId,
  };
}

/** The labels of containers. */
export function serviceLabels(target: Pick<Target, "id" | "uid">, nodeId: string): Labels {
  return { ...projectLabels(target, nodeId), [names.uid]: target.uid };
}

/** What a list is filtered by to find all that may be a workload's. */
export function workloadFilter(id: WorkloadId): readonly string[] {
  return [managedLabel, `${names.type}=compose`, `${names.workloadId}=${id}`];
}

/** What the labels of a container say, where they are whole and of this node. */
export function marksOf(labels: Labels, nodeId: string): ProjectMarks | undefined {
  const [id, uid] = [labels[names.workloadId], labels[names.uid]];
  const [project, service] = [labels[names.project], labels[names.service]];
  const hash = labels[names.hash];
  if (labels[names.managed] !== "true" || labels[names.type] !== "compose") return undefined;
  if (labels[names.nodeId] !== nodeId || id === undefined || !isWorkloadId(id)) return undefined;
  if (uid === undefined || project === undefined || service === undefined) return undefined;
  return hash === undefined ? undefined : { id, uid, project, service, hash };
}

/** Whether the labels of a network or a volume are those of this workload. */
export function isOfWorkload(labels: Labels, id: WorkloadId, nodeId: string): boolean {
  return Object.entries(projectLabels({ id }, nodeId)).every(([name, it]) => labels[name] === it);
}

/** Whether compose has marked something as a project's. */
export function isOfProject(labels: Labels, project: string): boolean {
  return labels[names.project] === project;
}

/** Whether an image has labels of ours: what is made of it has them, and is not ours for that. */
export function hasOwnLabels(labels: Labels): boolean {
  return labels[names.workloadId] !== undefined || labels[names.uid] !== undefined;
}
