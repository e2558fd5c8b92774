import { AgentError, type WorkloadId } from "@persys/core";
import type { DockerClient } from "../docker/docker-client.ts";
import type { OwnedProjects, ProjectContainer } from "./owned-projects.ts";
import type { ProjectFolders } from "./project-folders.ts";
import type { SeenProject } from "./project-observation.ts";
import type { SeenContainer } from "./service-verdict.ts";

/** A project as it was seen, and the list from which its containers were inspected. */
export interface LookedAt extends SeenProject {
  readonly listed: readonly ProjectContainer[];
}

/** Where it is looked. */
export interface ProjectLooksContext {
  readonly client: DockerClient;
  readonly folders: ProjectFolders;
  readonly owned: OwnedProjects;
}

/** What is removed or changes its state between a list and its inspection is looked at again; more than this is not explained by that. */
const looksMax = 5;

/** Looks at projects: what the engine of Docker holds of them, and what is known of them besides. */
export class ProjectLooks {
  readonly #to: ProjectLooksContext;
  #workloads = new Map<string, WorkloadId>();

  constructor(context: ProjectLooksContext) {
    this.#to = context;
  }

  /** The project of a workload. @throws {AgentError} when it cannot be read. */
  async look(id: WorkloadId, signal: AbortSignal): Promise<LookedAt> {
    for (let looks = 1; looks <= looksMax; looks += 1) {
      const before = await this.#to.folders.state(id);
      const listed = await this.#to.owned.find(id, signal);
      const containers = await this.#inspected(listed, looks === looksMax, signal);
      const state = await this.#to.folders.state(id);
      // What is known is written before and after a change: around a look it has to be the same.
      const isSame = JSON.stringify(before) === JSON.stringify(state) || looks === looksMax;
      if (containers === undefined || !isSame) continue;
      for (const { entry } of listed) this.#workloads.set(entry.Id, id);
      const uid = listed[0]?.marks.uid ?? "";
      return { state, listed, containers, uid, nowMs: Date.now() };
    }
    throw new AgentError("RUNTIME_ERROR", "its containers change faster than they can be read", {
      retryable: true,
    });
  }

  /** Notes what a list has shown: events of networks tell no more of a container than its id. */
  note(all: ReadonlyMap<WorkloadId, readonly ProjectContainer[]>): void {
    this.#workloads = new Map(
      [...all].flatMap(([id, containers]) => containers.map(({ entry }) => [entry.Id, id])),
    );
  }

  /** The workload of a container that was seen before; undefined for any other. */
  workloadOf(containerId: string): WorkloadId | undefined {
    return this.#workloads.get(containerId);
  }

  /** Undefined: something has vanished since the list; or, unless it is the `last` look, is in another state than the list says. */
  async #inspected(
    listed: readonly ProjectContainer[],
    last: boolean,
    signal: AbortSignal,
  ): Promise<readonly SeenContainer[] | undefined> {
    const reports = await Promise.all(
      listed.map(({ entry }) => this.#to.client.container(entry.Id, signal)),
    );
    const containers: SeenContainer[] = [];
    for (const [at, { entry, marks }] of listed.entries()) {
      const report = reports[at];
      if (report === undefined) return undefined;
      if (report.State.Status !== entry.State && !last) return undefined;
      containers.push({ service: marks.service, hash: marks.hash, report });
    }
    return containers;
  }
}
