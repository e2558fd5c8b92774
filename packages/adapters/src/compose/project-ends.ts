import { AgentError, type WorkloadId } from "@persys/core";
import type { DockerClient } from "../docker/docker-client.ts";
import type { DockerEndpoint } from "../docker/docker-endpoint.ts";
import { isConflict } from "../docker/docker-errors.ts";
import type { ContainerReport } from "../docker/docker-reports.ts";
import { startContainer } from "../docker/container-start.ts";
import type { LateCalls } from "../docker/late-calls.ts";
import { isOfWorkload, workloadFilter } from "./project-labels.ts";
import type { SeenProject } from "./project-observation.ts";
import type { ProjectState } from "./project-state.ts";
import type { SeenContainer } from "./service-verdict.ts";

/** What ends projects. */
export interface ProjectEndsContext {
  readonly client: DockerClient;
  readonly endpoint: DockerEndpoint;
  readonly nodeId: string;
  readonly late: LateCalls;
  readonly look: (id: WorkloadId, signal: AbortSignal) => Promise<SeenProject>;
}

/** Looks after which what is still there is taken for somebody else's doing. */
const looksMax = 5;

/**
 * Stops and removes projects, through the engine of Docker itself: no file and no command is needed for that, and nothing is touched that
 * does not carry our labels. Services end before those that they depend on.
 */
export class ProjectEnds {
  readonly #to: ProjectEndsContext;

  constructor(context: ProjectEndsContext) {
    this.#to = context;
  }

  /** Ends what runs; undefined: each within the grace that its file gives it. */
  async stop(
    seen: SeenProject,
    { graceSeconds, signal }: { readonly graceSeconds?: number; readonly signal: AbortSignal },
  ): Promise<void> {
    for (const wave of wavesOf(seen))
      await everyOne(wave, ({ report }) => this.#stopOne(report, graceSeconds, signal));
  }

  /**
   * Removes containers, networks and, unless they are retained, volumes, until none is seen.
   * @throws {AgentError} RUNTIME_ERROR, retryable, where something cannot be removed, which it names.
   */
  async remove(
    id: WorkloadId,
    first: SeenProject,
    { retainsVolumes, signal }: { readonly retainsVolumes: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    const { client, late } = this.#to;
    let seen = first;
    for (let looks = 1; looks <= looksMax; looks += 1) {
      await this.stop(seen, { signal });
      await everyOne(seen.containers, ({ report }) => this.#removeOne(report.Id, signal));
      await late.settled(id, signal);
      seen = await this.#to.look(id, signal);
      if (seen.containers.length === 0) break;
    }
    const [left] = seen.containers;
    if (left !== undefined) throw stillThere(`the container ${left.report.Name.slice(1)}`);
    for (const { Id, Labels } of await client.networks(workloadFilter(id), signal))
      if (isOfWorkload(Labels, id, this.#to.nodeId)) await client.removeNetwork(Id, signal);
    if (retainsVolumes) return;
    for (const { Name, Labels } of await client.volumes(workloadFilter(id), signal))
      if (isOfWorkload(Labels, id, this.#to.nodeId)) await this.#removeVolume(Name, signal);
  }

  /** Starts a container that has ended. The engine goes on with it when it is called off: the next call waits for that. */
  async startAgain(
    { Id: containerId, State }: ContainerReport,
    { id }: Pick<ProjectState, "id">,
    signal: AbortSignal,
  ): Promise<void> {
    if (State.Running || State.Paused) return;
    const { client, endpoint, late } = this.#to;
    const onLate = (call: Promise<unknown>): void => {
      late.note(id, call);
    };
    await startContainer(containerId, { client, endpoint, onLate, signal });
  }

  async #stopOne(
    { Id: id, State }: ContainerReport,
    graceSeconds: number | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (!State.Running && !State.Paused && !State.Restarting) return;
    // What is frozen can neither end by itself nor be ended.
    if (State.Paused) await this.#to.client.unpause(id, signal);
    await this.#to.client.stop(id, graceSeconds, signal);
  }

  async #removeOne(id: string, signal: AbortSignal): Promise<void> {
    const { client } = this.#to;
    try {
      await client.removeContainer(id, signal, { withVolumes: true });
    } catch (error) {
      // Somebody else may be removing it at the same time.
      if (!isConflict(error)) throw error;
      await client.untilRemoved(id, signal);
    }
  }

  async #removeVolume(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#to.client.removeVolume(name, signal);
    } catch (error) {
      if (!isConflict(error)) throw error;
      throw stillThere(`the volume ${name}, which a container of somebody else uses,`, error);
    }
  }
}

function stillThere(what: string, cause?: unknown): AgentError {
  return new AgentError("RUNTIME_ERROR", `${what} cannot be removed`, { retryable: true, cause });
}

/** The containers in groups: each after the ones that depend on it. What nobody is known to want comes first. */
function wavesOf({ state, containers }: SeenProject): readonly (readonly SeenContainer[])[] {
  const services = state?.current?.revision.services ?? [];
  const depths = new Map<string, number>();
  const depthOf = (name: string, left: number): number => {
    const known = depths.get(name);
    if (known !== undefined || left === 0) return known ?? 0;
    const dependsOn = services.find((it) => it.name === name)?.dependsOn ?? [];
    const depth = 1 + Math.max(0, ...dependsOn.map((it) => depthOf(it, left - 1)));
    depths.set(name, depth);
    return depth;
  };
  const groups = Map.groupBy(containers, (it) =>
    services.some(({ name }) => name === it.service)
      ? depthOf(it.service, services.length)
      : Infinity,
  );
  return [...groups].toSorted(([one], [other]) => other - one).map(([, wave]) => wave);
}

/** Does the work for all at once; what fails is thrown once nothing goes on any more. */
async function everyOne<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled(all.map(work));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
