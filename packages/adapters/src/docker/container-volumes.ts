import type { Target, WorkloadId } from "@persys/core";
import { filterOf, volumePathLabel } from "./container-labels.ts";
import type { DockerClient } from "./docker-client.ts";
import type { OwnedContainer, WorkloadContainers } from "./owned-containers.ts";

/** The names that engines give to volumes nobody named. */
const anonymousName = /^[0-9a-f]{64}$/;

/**
 * The anonymous volumes of a workload. The engine would make new ones for each container; here they go from one container to the next, and
 * go with the workload. They carry its labels, so they are also found when their container is gone.
 */
export class ContainerVolumes {
  readonly #client: DockerClient;
  readonly #nodeId: string;

  constructor(client: DockerClient, nodeId: string) {
    this.#client = client;
    this.#nodeId = nodeId;
  }

  /** The volumes for the next container of the target's creation, by path; those of the newest container first. */
  async toCarry(
    { id, uid }: Target,
    { current, kept }: WorkloadContainers,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const labelled = await this.#client.volumes(
      [...filterOf(id, this.#nodeId), `persys.uid=${uid}`],
      signal,
    );
    const oldestFirst = labelled.toSorted((a, b) =>
      (a.CreatedAt ?? "").localeCompare(b.CreatedAt ?? ""),
    );
    return new Map([
      ...oldestFirst.flatMap((it): readonly (readonly [string, string])[] => {
        const path = it.Labels[volumePathLabel];
        return path === undefined ? [] : [[path, it.Name]];
      }),
      ...mountedBy(kept, uid),
      ...mountedBy(current, uid),
    ]);
  }

  /** Removes the volumes of a workload that none of `inUse` has mounted. */
  async removeUnused(
    id: WorkloadId,
    inUse: readonly OwnedContainer[],
    signal: AbortSignal,
  ): Promise<void> {
    const mounted = new Set(inUse.flatMap(volumesOf));
    const labelled = await this.#client.volumes(filterOf(id, this.#nodeId), signal);
    for (const { Name } of labelled)
      if (!mounted.has(Name)) await this.#client.removeVolume(Name, signal);
  }

  /** Removes volumes by name. */
  async remove(names: readonly string[], signal: AbortSignal): Promise<void> {
    for (const name of names) await this.#client.removeVolume(name, signal);
  }
}

/** The names of a container's anonymous volumes. */
export function volumesOf({ entry }: OwnedContainer): readonly string[] {
  return anonymousMounts(entry.Mounts).map(([, name]) => name);
}

function mountedBy(
  container: OwnedContainer | undefined,
  uid: string,
): readonly (readonly [path: string, name: string])[] {
  // What an older agent made is taken over; another creation of the id was another workload.
  if (container === undefined || (container.marks.uid !== "" && container.marks.uid !== uid))
    return [];
  return anonymousMounts(container.entry.Mounts);
}

function anonymousMounts(
  mounts: OwnedContainer["entry"]["Mounts"],
): readonly (readonly [path: string, name: string])[] {
  return mounts.flatMap((it): readonly (readonly [string, string])[] =>
    it.Type === "volume" && it.Name !== undefined && anonymousName.test(it.Name)
      ? [[it.Destination, it.Name]]
      : [],
  );
}
