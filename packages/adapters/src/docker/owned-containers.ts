import { AgentError, type WorkloadId } from "@persys/core";
import { parseConfiguration } from "./container-configuration.ts";
import {
  candidateFilterOf,
  instanceLabel,
  managedLabel,
  marksOf,
  type OwnershipMarks,
} from "./container-labels.ts";
import { keptName, plainName } from "./container-names.ts";
import type { DockerClient } from "./docker-client.ts";
import type { ContainerEntry } from "./docker-reports.ts";
import type { ImageCache } from "./image-cache.ts";

/** A container of ours, as a list shows it. */
export interface OwnedContainer {
  readonly entry: ContainerEntry;
  readonly marks: OwnershipMarks;
}

/** The containers of one workload by what they are for. */
export interface WorkloadContainers {
  /** The newest that is not set aside. */
  readonly current: OwnedContainer | undefined;
  /** The one that a replacement has set aside. */
  readonly kept: OwnedContainer | undefined;
  /** Further ones, which nothing needs. */
  readonly spare: readonly OwnedContainer[];
}

/** States in which a container holds resources of a live workload. */
const liveStates: ReadonlySet<string> = new Set(["running", "paused", "restarting", "removing"]);

/**
 * Finds the containers that this node owns, by their labels. A container is only ours when its labels were given to it: one that has them from
 * its image, because somebody made an image of a container of ours, is a stranger's.
 */
export class OwnedContainers {
  readonly #client: DockerClient;
  readonly #images: ImageCache;
  readonly #nodeId: string;
  #workloads = new Map<string, WorkloadId>();

  constructor(client: DockerClient, images: ImageCache, nodeId: string) {
    this.#client = client;
    this.#images = images;
    this.#nodeId = nodeId;
  }

  /** What there is for one workload. */
  async find(id: WorkloadId, signal: AbortSignal): Promise<WorkloadContainers> {
    const entries = await this.#client.containers(candidateFilterOf(id), signal);
    const owned = await this.#ownedOf(entries, signal);
    return byRole(
      id,
      owned.filter(({ marks }) => marks.id === id),
    );
  }

  /** What there is for every workload, from one look. */
  async all(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, WorkloadContainers>> {
    const entries = await this.#client.containers([managedLabel], signal);
    const owned = await this.#ownedOf(entries, signal, isOwnOutage);
    this.#images.forgetAllBut(new Set(owned.map(({ entry }) => entry.ImageID)));
    this.#workloads = new Map(owned.map(({ entry, marks }) => [entry.Id, marks.id]));
    const byId = Map.groupBy(owned, ({ marks }) => marks.id);
    return new Map([...byId].map(([id, containers]) => [id, byRole(id, containers)]));
  }

  /** The workload of a container that was found before; undefined for any other. */
  workloadOf(containerId: string): WorkloadId | undefined {
    return this.#workloads.get(containerId);
  }

  /** `isFatal`: which failures to look at one image end it all; with any other that container is left out. */
  async #ownedOf(
    entries: readonly ContainerEntry[],
    signal: AbortSignal,
    isFatal: (error: unknown) => boolean = () => true,
  ): Promise<readonly OwnedContainer[]> {
    const owned: OwnedContainer[] = [];
    for (const entry of entries) {
      const marks = marksOf(entry.Labels, entry.Names, this.#nodeId);
      if (marks === undefined) continue;
      try {
        if (await this.#isInherited(entry, marks, signal)) continue;
      } catch (error) {
        signal.throwIfAborted();
        if (isFatal(error)) throw error;
        continue; // Its own observation tells that it cannot be read.
      }
      owned.push({ entry, marks });
      this.#workloads.set(entry.Id, marks.id);
    }
    return owned;
  }

  async #isInherited(
    { ImageID, Labels }: ContainerEntry,
    { instance, configuration }: OwnershipMarks,
    signal: AbortSignal,
  ): Promise<boolean> {
    const image = await this.#images.find(ImageID, signal);
    if (image === undefined) {
      // The image is gone; the label names the one that ours was made of.
      const made = parseConfiguration(configuration)?.image;
      return made !== undefined && made !== ImageID;
    }
    const inherited = image.Config.Labels;
    return instance === ""
      ? Object.keys(inherited).some((it) => Labels[it] !== undefined && it.startsWith("persys."))
      : inherited[instanceLabel] === instance;
  }
}

/** Whether the engine is away, rather than one image unreadable. */
function isOwnOutage(error: unknown): boolean {
  return AgentError.hasCode(error, "RUNTIME_UNAVAILABLE");
}

/** Whether the container runs, or does not quite. */
export function isLiveEntry({ State }: ContainerEntry): boolean {
  return liveStates.has(State);
}

/** The name of a listed container; containers have one, and further ones only through links. */
export function nameOf({ Names }: ContainerEntry): string {
  return plainName(Names.find((it) => it.lastIndexOf("/") === 0) ?? Names[0] ?? "");
}

/**
 * Tells the containers of one workload apart. What was set aside has a name that says so; should that have been changed, it is still older
 * than what took its place.
 */
function byRole(id: WorkloadId, containers: readonly OwnedContainer[]): WorkloadContainers {
  const newestFirst = containers.toSorted(
    (a, b) => b.marks.sequence - a.marks.sequence || b.entry.Created - a.entry.Created,
  );
  const current = newestFirst.find(({ entry }) => nameOf(entry) !== keptName(id));
  const others = newestFirst.filter((it) => it !== current);
  // One that is up must not go unseen.
  const kept = others.find(({ entry }) => isLiveEntry(entry)) ?? others[0];
  return { current, kept, spare: others.filter((it) => it !== kept) };
}
