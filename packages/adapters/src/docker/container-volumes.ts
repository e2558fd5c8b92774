import { AgentError, type Target, type WorkloadId } from "@persys/core";
import { filterOf, volumePathLabel } from "./container-labels.ts";
import type { DockerClient } from "./docker-client.ts";
import { isConflict } from "./docker-errors.ts";
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

  /**
   * Removes the volumes of a workload that none of `inUse` has mounted, and resolves with those that could not be: containers of somebody else
   * have them.
   */
  async removeUnused(
    id: WorkloadId,
    inUse: readonly OwnedContainer[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const mounted = new Set(inUse.flatMap(volumesOf));
    const labelled = await this.#client.volumes(filterOf(id, this.#nodeId), signal);
    const unused = labelled.map((it) => it.Name).filter((it) => !mounted.has(it));
    return this.#remove(unused, signal);
  }

  /**
   * Removes all volumes of a workload, and those of `names`: volumes of older agents have no labels.
   * @throws {AgentError} RUNTIME_ERROR, retryable, while a container of somebody else has one. All others are gone then.
   */
  async removeAll(id: WorkloadId, names: readonly string[], signal: AbortSignal): Promise<void> {
    const held = [
      ...(await this.#remove(names, signal)),
      ...(await this.removeUnused(id, [], signal)),
    ];
    const [volume] = held;
    if (volume === undefined) return;
    throw new AgentError(
      "RUNTIME_ERROR",
      `the volume ${volume} is still used by a container that is not this workload's: ` +
        `remove that (\`docker ps -a --filter volume=${volume}\` shows it)`,
      { retryable: true, details: { volume } },
    );
  }

  /** Resolves with those that are in use. */
  async #remove(names: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const held: string[] = [];
    for (const name of names) {
      try {
        await this.#client.removeVolume(name, signal);
      } catch (error) {
        if (!isConflict(error)) throw error;
        held.push(name);
      }
    }
    return held;
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
