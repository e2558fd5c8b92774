import { AgentError, type WorkloadId } from "@persys/core";
import type { DockerClient } from "../docker/docker-client.ts";
import type { ContainerEntry, NetworkEntry } from "../docker/docker-reports.ts";
import type { ImageCache } from "../docker/image-cache.ts";
import { projectTaken } from "./compose-errors.ts";
import {
  hasOwnLabels,
  isOfProject,
  isOfWorkload,
  managedLabel,
  marksOf,
  type ProjectMarks,
  projectFilter,
  workloadFilter,
} from "./project-labels.ts";

/** A container of ours, as a list shows it. */
export interface ProjectContainer {
  readonly entry: ContainerEntry;
  readonly marks: ProjectMarks;
}

/** What finds the containers of projects. */
export interface OwnedProjectsContext {
  readonly client: DockerClient;
  readonly images: ImageCache;
  readonly nodeId: string;
}

/**
 * Finds the containers that this node owns, by their labels. One that has them from its image is a stranger's: somebody made an image of a
 * container of ours.
 */
export class OwnedProjects {
  readonly #context: OwnedProjectsContext;

  constructor(context: OwnedProjectsContext) {
    this.#context = context;
  }

  /** The containers of one workload, in an order that stays. */
  async find(id: WorkloadId, signal: AbortSignal): Promise<readonly ProjectContainer[]> {
    const entries = await this.#context.client.containers(workloadFilter(id), signal);
    const owned = await this.#ownedOf(entries, signal);
    return owned.filter(({ marks }) => marks.id === id);
  }

  /** The containers of every workload, from one look. */
  async all(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, readonly ProjectContainer[]>> {
    const { client, images } = this.#context;
    const entries = await client.containers([managedLabel, "persys.type=compose"], signal);
    const owned = await this.#ownedOf(entries, signal);
    images.forgetAllBut(new Set(owned.map(({ entry }) => entry.ImageID)));
    return Map.groupBy(owned, ({ marks }) => marks.id);
  }

  /**
   * Sees that nothing of others is in a project's place: compose would take it over, or remove it. Volumes and networks of a name that is there
   * already it would use, whoever's they are.
   * @throws {AgentError} NAME_CONFLICT, with effect `none`, where there is something.
   */
  async checkPlace(
    id: WorkloadId,
    { project, names }: { readonly project: string; readonly names: readonly string[] },
    signal: AbortSignal,
  ): Promise<void> {
    const { client, nodeId } = this.#context;
    const [entries, networks, volumes] = await Promise.all([
      client.containers([projectFilter(project)], signal),
      client.networks([], signal),
      client.volumes([], signal),
    ]);
    const own = (await this.#ownedOf(entries, signal)).filter(({ marks }) => marks.id === id);
    const owned = new Set(own.map(({ entry }) => entry.Id));
    const stranger = entries.find((it) => !owned.has(it.Id));
    if (stranger !== undefined)
      throw projectTaken(project, `the container ${stranger.Names[0]?.slice(1) ?? stranger.Id}`);
    const isForeign = ({ Name, Labels }: Pick<NetworkEntry, "Name" | "Labels">): boolean =>
      (names.includes(Name) || isOfProject(Labels, project)) && !isOfWorkload(Labels, id, nodeId);
    const network = networks.find(isForeign);
    if (network !== undefined) throw projectTaken(project, `the network ${network.Name}`);
    const volume = volumes.find(isForeign);
    if (volume !== undefined) throw projectTaken(project, `the volume ${volume.Name}`);
  }

  async #ownedOf(
    entries: readonly ContainerEntry[],
    signal: AbortSignal,
  ): Promise<readonly ProjectContainer[]> {
    const { images, nodeId } = this.#context;
    const owned: ProjectContainer[] = [];
    for (const entry of entries) {
      const marks = marksOf(entry.Labels, nodeId);
      if (marks === undefined) continue;
      try {
        const image = await images.find(entry.ImageID, signal);
        if (image !== undefined && hasOwnLabels(image.Config.Labels)) continue;
      } catch (error) {
        signal.throwIfAborted();
        if (AgentError.hasCode(error, "RUNTIME_UNAVAILABLE")) throw error;
        // Its own observation tells that it cannot be read.
      }
      owned.push({ entry, marks });
    }
    return owned.toSorted((one, other) => orderOf(one).localeCompare(orderOf(other)));
  }
}

function orderOf({ entry, marks }: ProjectContainer): string {
  return `${marks.service} ${entry.Id}`;
}
