import {
  AgentError,
  containerSpecOf,
  type ContainerSpec,
  type Target,
  type WorkloadId,
} from "@persys/core";
import type { ConfigurationRepair } from "./container-configuration.ts";
import { type ContainerMaker, nameTaken, notPrepared } from "./container-maker.ts";
import { containerName, keptName } from "./container-names.ts";
import { driftOf, isDead } from "./container-observation.ts";
import { startContainer } from "./container-start.ts";
import { networkMissing } from "./container-start-failure.ts";
import { type ContainerVolumes, volumesOf } from "./container-volumes.ts";
import type { DockerClient } from "./docker-client.ts";
import type { DockerEndpoint } from "./docker-endpoint.ts";
import { isConflict, isMissing } from "./docker-errors.ts";
import type { ContainerReport, ImageReport } from "./docker-reports.ts";
import type { ImagePins } from "./image-pins.ts";
import type { LateCalls } from "./late-calls.ts";
import {
  isLiveEntry,
  nameOf,
  type OwnedContainer,
  type OwnedContainers,
  type WorkloadContainers,
} from "./owned-containers.ts";

/** What the operations work on. */
export interface OperationsOptions {
  readonly client: DockerClient;
  readonly endpoint: DockerEndpoint;
  readonly nodeId: string;
  readonly owned: OwnedContainers;
  readonly maker: ContainerMaker;
  readonly volumes: ContainerVolumes;
  readonly late: LateCalls;
  readonly pins: ImagePins;
}

/** How the target's container is brought to running. */
export interface RunOptions {
  /** Whether one that differs from what it should be, beyond what can be changed in place, is made again. */
  readonly remakesDrifted: boolean;
  readonly signal: AbortSignal;
}

/** A target whose own container is the current one. */
interface Own {
  readonly target: Target;
  readonly current: OwnedContainer;
  readonly found: WorkloadContainers;
}

/** A container that is changed behind our back between two looks is looked at again; more than this is not explained by that. */
const looksMax = 4;

/**
 * What changes containers. Each operation works from what the engine holds, so it finishes whatever an earlier one left. At most one at a
 * time for one workload.
 */
export class ContainerOperations {
  readonly #to: OperationsOptions;

  constructor(options: OperationsOptions) {
    this.#to = options;
  }

  /** Makes the first container of a workload, not started. One that exists, of whatever revision, is left alone. */
  async makeFirst(target: Target, image: ImageReport, signal: AbortSignal): Promise<void> {
    const found = await this.#found(target.id, signal);
    if (found.current !== undefined || found.kept !== undefined) return;
    await this.#to.maker.make({ target, spec: specOf(target), image, found }, signal);
  }

  /** Makes the target's container the current one and brings it to running. */
  async makeCurrent(target: Target, run: RunOptions): Promise<void> {
    for (let looks = 1; looks <= looksMax; looks += 1) {
      const found = await this.#found(target.id, run.signal);
      for (const spare of found.spare) await this.#removeOne(spare, run.signal);
      const { current } = found;
      const isOwn = current !== undefined && isOfTarget(current, target);
      const outcome = isOwn
        ? await this.#keepUp({ target, current, found }, run)
        : await this.#takeOver(target, found, run.signal);
      if (outcome === "again") continue;
      if (run.remakesDrifted) await this.#dropRemade(target, found.kept, run.signal);
      return;
    }
    throw new AgentError(
      "RUNTIME_ERROR",
      "the container could not be started: it is being changed",
      {
        retryable: true,
      },
    );
  }

  /** Ends whatever runs, and keeps it. */
  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    const found = await this.#found(id, signal);
    const graceSeconds = Math.ceil(graceMs / 1000);
    await everyOne(allOf(found), (it) => this.#stopOne(it, signal, graceSeconds));
  }

  /** Drops what was set aside, and what only revisions other than those of `keepDigests` need. */
  async retire(id: WorkloadId, keepDigests: readonly string[], signal: AbortSignal): Promise<void> {
    const { pins, volumes } = this.#to;
    const { current, kept, spare } = await this.#found(id, signal);
    for (const it of [kept, ...spare]) if (it !== undefined) await this.#removeOne(it, signal);
    // Without a container the volumes wait for the next one; those that somebody else uses, for the removal of the workload.
    if (current !== undefined) await volumes.removeUnused(id, [current], signal);
    await pins.retire(id, keepDigests, signal);
  }

  /** Makes what was set aside current again, in the place of what took its place. */
  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { current, kept, spare } = await this.#found(id, signal);
    if (kept === undefined) return;
    for (const it of [current, ...spare]) if (it !== undefined) await this.#removeOne(it, signal);
    // In this order, so that one that does not run yet is still found as kept and restored by another call.
    const report = await this.#to.client.container(kept.entry.Id, signal);
    if (report !== undefined) await this.#run(id, report, signal);
    await this.#rename(kept, containerName(id), signal);
  }

  /** Removes every container, volume and image tag of the workload. */
  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { pins, volumes } = this.#to;
    const found = allOf(await this.#found(id, signal));
    await everyOne(found, (it) => this.#removeOne(it, signal));
    await volumes.removeAll(id, found.flatMap(volumesOf), signal);
    await pins.remove(id, signal);
  }

  /** Brings the target's own container to running; `again`: it is to be made anew, or is gone. */
  async #keepUp(own: Own, { remakesDrifted, signal }: RunOptions): Promise<"done" | "again"> {
    const { current, found } = own;
    const { Id: id } = current.entry;
    if (found.kept !== undefined) await this.#stopOne(found.kept, signal);
    const report = await this.#to.client.container(id, signal);
    if (report === undefined) return "again";
    if (isDead(report) || report.State.Status === "removing") {
      await this.#removeOne(current, signal);
      return "again";
    }
    if (report.State.Restarting) {
      // It has ended, and cannot be changed until the engine is told to leave it alone.
      await this.#to.client.stop(id, 0, signal);
      return "again";
    }
    const isRight = await this.#setRight(report, current, { remakesDrifted, signal });
    if (!isRight && remakesDrifted) return this.#makeAgain(own, signal);
    if (!isRight && report.State.Running && !(await this.#isUp(id, signal))) return "again";
    await this.#run(own.target.id, report, signal);
    return "done";
  }

  /** Whether it runs, and not only because the engine starts it again and again. */
  async #isUp(id: string, signal: AbortSignal): Promise<boolean> {
    const report = await this.#to.client.container(id, signal);
    return report?.State.Running === true && !report.State.Restarting;
  }

  /** Another container in the place of one of the same revision, which is only removed once that runs; next to a kept one it goes first. */
  async #makeAgain({ target, current, found }: Own, signal: AbortSignal): Promise<"done"> {
    await this.#takeOver(target, found, signal);
    await this.#removeOne(current, signal);
    return "done";
  }

  /** Removes what was kept only because it was being made again, and that was cut short. */
  async #dropRemade(
    target: Target,
    kept: OwnedContainer | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (kept === undefined || !isOfTarget(kept, target)) return;
    const report = await this.#to.client.container(kept.entry.Id, signal);
    const hasDrifted =
      report !== undefined &&
      driftOf(report, kept.marks).some(({ repair }) => repair?.kind !== "rename");
    if (hasDrifted) await this.#removeOne(kept, signal);
  }

  /** Undoes what was changed behind our back, where the engine can; whether nothing is left. */
  async #setRight(
    report: ContainerReport,
    { marks }: OwnedContainer,
    { remakesDrifted, signal }: RunOptions,
  ): Promise<boolean> {
    const drift = driftOf(report, marks);
    if (drift.length === 0) return true;
    for (const { repair } of drift) {
      if (repair === undefined) continue;
      try {
        await this.#repair(report.Id, repair, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isRefusal(error) || (remakesDrifted && isInTheWay(error))) throw error;
        // It stays as it is, and the look that follows shows it.
      }
    }
    const after = await this.#to.client.container(report.Id, signal);
    return after !== undefined && driftOf(after, marks).length === 0;
  }

  async #repair(id: string, repair: ConfigurationRepair, signal: AbortSignal): Promise<void> {
    const { client } = this.#to;
    switch (repair.kind) {
      case "rename":
        return this.#takeName(id, repair.name, signal);
      case "update":
        return client.update(id, repair.change, signal);
      case "connect":
        return this.#connect(id, repair.network, signal);
      case "disconnect":
        return client.disconnect(repair.network, id, signal);
    }
  }

  /** @throws {AgentError} NETWORK_ERROR when there is no such network any more. */
  async #connect(id: string, network: string, signal: AbortSignal): Promise<void> {
    const { client } = this.#to;
    try {
      await client.connect(network, id, signal);
    } catch (error) {
      if (isMissing(error) && !(await client.hasNetwork(network, signal)))
        throw networkMissing(network, error);
      throw error;
    }
  }

  /** From another revision, or from nothing, to the target's. */
  async #takeOver(target: Target, found: WorkloadContainers, signal: AbortSignal): Promise<"done"> {
    const { maker, pins } = this.#to;
    const spec = specOf(target);
    const image = await pins.resolve(target, signal);
    if (image === undefined) throw notPrepared(spec.image);
    const aside = await this.#setAside(target, found, signal);
    const report = await this.#orBack(aside, signal, () =>
      maker.make({ target, spec, image, found }, signal),
    );
    // Only now that the new one exists: whatever keeps it from being made has not cost the old one its run.
    for (const it of [aside, found.kept]) if (it !== undefined) await this.#stopOne(it, signal);
    await this.#run(target.id, report, signal);
    return "done";
  }

  /** Clears the name for the next container, and resolves with what was renamed for it. */
  async #setAside(
    target: Target,
    { current, kept }: WorkloadContainers,
    signal: AbortSignal,
  ): Promise<OwnedContainer | undefined> {
    const isKept = kept !== undefined && isOfCreation(kept, target);
    if (kept !== undefined && !isKept) await this.#removeOne(kept, signal);
    if (current === undefined) return undefined;
    if (isKept || !isOfCreation(current, target)) {
      await this.#removeOne(current, signal);
      return undefined;
    }
    await this.#rename(current, keptName(target.id), signal);
    return current;
  }

  /** The outcome of `make`; when that fails, what was set aside has the name again that it had. */
  async #orBack<T>(
    aside: OwnedContainer | undefined,
    signal: AbortSignal,
    make: () => Promise<T>,
  ): Promise<T> {
    try {
      return await make();
    } catch (error) {
      signal.throwIfAborted();
      if (aside !== undefined) await this.#renameBack(aside, signal);
      throw error;
    }
  }

  async #renameBack({ entry }: OwnedContainer, signal: AbortSignal): Promise<void> {
    try {
      await this.#takeName(entry.Id, nameOf(entry), signal);
    } catch {
      signal.throwIfAborted(); // It is found as set aside then, and what made this necessary is the failure to tell of.
    }
  }

  async #rename({ entry }: OwnedContainer, name: string, signal: AbortSignal): Promise<void> {
    if (entry.Names.includes(`/${name}`)) return;
    await this.#takeName(entry.Id, name, signal);
  }

  /** @throws {AgentError} NAME_CONFLICT when another container has the name. */
  async #takeName(id: string, name: string, signal: AbortSignal): Promise<void> {
    const { client } = this.#to;
    try {
      await client.rename(id, name, signal);
    } catch (error) {
      const holder = isConflict(error) ? await client.named(name, signal) : undefined;
      if (holder?.Id === id) return;
      throw holder === undefined ? error : nameTaken(name, holder.Id, error);
    }
  }

  /** What there is, once nothing goes on that an earlier call had begun. */
  async #found(id: WorkloadId, signal: AbortSignal): Promise<WorkloadContainers> {
    await this.#to.late.settled(id, signal);
    return this.#to.owned.find(id, signal);
  }

  /** From the state that was just reported to running. */
  async #run(
    workload: WorkloadId,
    { Id: id, State }: ContainerReport,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, endpoint, late } = this.#to;
    if (State.Paused) return client.unpause(id, signal);
    // Down, but "running" to the engine until it is told to leave it alone.
    if (State.Restarting) await client.stop(id, 0, signal);
    else if (State.Running) return;
    const onLate = (call: Promise<unknown>): void => {
      late.note(workload, call);
    };
    await startContainer(id, { client, endpoint, onLate, signal });
  }

  /** Ends one container; `graceSeconds` undefined: within the grace that it was made with. */
  async #stopOne(
    { entry }: OwnedContainer,
    signal: AbortSignal,
    graceSeconds?: number,
  ): Promise<void> {
    if (!isLiveEntry(entry)) return;
    // What is frozen can neither end by itself nor be ended.
    if (entry.State === "paused") await this.#to.client.unpause(entry.Id, signal);
    await this.#to.client.stop(entry.Id, graceSeconds, signal);
  }

  async #removeOne(container: OwnedContainer, signal: AbortSignal): Promise<void> {
    const { client } = this.#to;
    const { Id: id, State } = container.entry;
    if (State !== "removing") await this.#stopOne(container, signal);
    try {
      await client.removeContainer(id, signal);
    } catch (error) {
      // Somebody else may be removing it at the same time.
      const report = isConflict(error) ? await client.container(id, signal) : undefined;
      if (report?.State.Status === "removing") await client.untilRemoved(id, signal);
      if (!isConflict(error) || (await client.container(id, signal)) !== undefined) throw error;
    }
  }
}

/** Does the work for all at once; what fails is thrown once nothing goes on any more. */
async function everyOne<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled(all.map(work));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** Whether the engine of Docker answered, and would not. */
function isRefusal(error: unknown): boolean {
  return AgentError.is(error) && !AgentError.hasCode(error, "RUNTIME_UNAVAILABLE");
}

/** Whether something has to be put right by a person before a container can be as it should be: another container would not be either. */
function isInTheWay(error: unknown): boolean {
  return AgentError.hasCode(error, "NAME_CONFLICT") || AgentError.hasCode(error, "NETWORK_ERROR");
}

/** The spec of a target. @throws {AgentError} INVALID_SPEC when it is not one of a container. */
export function specOf({ spec }: Pick<Target, "spec">): ContainerSpec {
  const parsed = containerSpecOf(spec);
  if (parsed !== undefined) return parsed;
  throw new AgentError("INVALID_SPEC", "the spec is not one of a container", { effect: "none" });
}

function allOf({ current, kept, spare }: WorkloadContainers): readonly OwnedContainer[] {
  return [current, kept, ...spare].filter((it) => it !== undefined);
}

function isOfTarget({ marks }: OwnedContainer, target: Target): boolean {
  return (
    marks.uid === target.uid &&
    marks.revisionId === target.revisionId &&
    marks.specDigest === target.specDigest
  );
}

/** Whether it was made for this creation of the workload, or by an older agent, which knew of none. */
function isOfCreation({ marks }: OwnedContainer, target: Target): boolean {
  return marks.uid === target.uid || marks.uid === "";
}
