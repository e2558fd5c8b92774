import { AgentError, type SpecDigest, type Target, type WorkloadId } from "@persys/core";
import type { DockerClient } from "../docker/docker-client.ts";
import type { LateCalls } from "../docker/late-calls.ts";
import { pause } from "../shared/wait.ts";
import { notPrepared } from "./compose-errors.ts";
import { endLeftCommands } from "./left-commands.ts";
import type { OwnedProjects } from "./owned-projects.ts";
import type { ProjectCommand } from "./project-command.ts";
import { knownAfterUp, setRight } from "./project-drift.ts";
import type { ProjectEnds } from "./project-ends.ts";
import type { ProjectImages } from "./project-images.ts";
import { type OpeningContext, openingOf, type OpenRevision } from "./project-opening.ts";
import { isFetched, specOf } from "./project-sources.ts";
import { judgeProject, runOf, type SeenProject, startedAtMs } from "./project-observation.ts";
import type {
  KeptRevision,
  MadeRevision,
  PreparedRevision,
  ProjectState,
} from "./project-state.ts";
import { placeOf, preparedPlace } from "./revision-place.ts";
import type { SeenContainer, ServiceVerdict } from "./service-verdict.ts";
import type { UpFailures } from "./up-failures.ts";

/** What the operations work on. */
export interface OperationsContext extends OpeningContext {
  readonly client: DockerClient;
  readonly owned: OwnedProjects;
  readonly command: ProjectCommand;
  readonly images: ProjectImages;
  readonly ends: ProjectEnds;
  readonly failures: UpFailures;
  readonly late: LateCalls;
  /** What there is of a workload's project, inspected. */
  readonly look: (id: WorkloadId, signal: AbortSignal) => Promise<SeenProject>;
}

/**
 * How long the engine of Docker may go on with what a command had asked of it before that was cut off, in milliseconds. It tells nobody what it
 * is doing, and a container that is being made shows only once it is.
 */
const windDownMs = 1_000;

/** How a target is brought to running. */
export interface RunOptions {
  /** Whether containers that were made from something else are made again. */
  readonly remakesChanged: boolean;
  readonly signal: AbortSignal;
}

/**
 * What changes projects. Each operation works from what the engine of Docker and the project's folder hold, so it finishes whatever an earlier
 * one left. At most one at a time for one workload.
 */
export class ProjectOperations {
  readonly #to: OperationsContext;
  /** When a command of a workload was cut off. */
  readonly #cutAtMs = new Map<WorkloadId, number>();

  constructor(context: OperationsContext) {
    this.#to = context;
  }

  /** Makes the target the current revision, and brings what of it is down to running. */
  async makeCurrent(target: Target, run: RunOptions): Promise<void> {
    const { id } = target;
    const { folders } = this.#to;
    await this.#settled(id, run.signal);
    const revision = await folders.prepared(placeOf(target, isFetched(target.spec)));
    if (revision === undefined) throw notPrepared();
    const open = openingOf(
      { ...target, revision, env: specOf(target.spec).spec.env ?? {} },
      this.#to,
      run.signal,
    );
    await this.#checkGround(id, revision, run.signal);
    const seen = await this.#ofCreation(target, run.signal);
    const current = seen.state?.current;
    const isOwn = current !== undefined && isOfTarget(current, target);
    if (isOwn && current.finished && seen.containers.length > 0) {
      await this.#keepUp({ ...seen, state: seen.state, current, open }, run);
      return;
    }
    const { state, made } = begun(target, { revision, seen, isOwn });
    // Whatever is missing is missing before anything is changed.
    await open();
    await folders.store(id, state);
    await this.#bringUp(state, made, { open, signal: run.signal, existing: "update" });
  }

  /** Ends whatever runs, and keeps it. */
  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    const { ends, folders } = this.#to;
    await this.#settled(id, signal);
    const seen = await this.#to.look(id, signal);
    if (seen.state !== undefined && seen.containers.length > 0 && !seen.state.stopped)
      await folders.store(id, { ...seen.state, stopped: isAnyLive(seen) || seen.state.stopped });
    await ends.stop(seen, { graceSeconds: Math.ceil(graceMs / 1000), signal });
  }

  /** Drops what was set aside, and what prepare made for revisions other than those of `keepDigests`. */
  async retire(
    id: WorkloadId,
    keepDigests: readonly SpecDigest[],
    signal: AbortSignal,
  ): Promise<void> {
    const { client, folders } = this.#to;
    await this.#settled(id, signal);
    // What is known may be given up only where what there is could be seen.
    await client.ping(signal);
    const state = await folders.state(id);
    if (state?.kept !== undefined) {
      const { kept: _, ...rest } = state;
      await folders.store(id, rest);
    }
    const { current, kept } = state ?? {};
    // What was set aside may still be what a later update falls back on.
    const isWanted = kept !== undefined && keepDigests.includes(kept.specDigest);
    const inUse = [current, isWanted ? kept : undefined].filter((it) => it !== undefined);
    await folders.retire(
      id,
      keepDigests,
      inUse.map((it) => preparedPlace({ ...it, id })),
    );
  }

  /**
   * Makes what was set aside current again, and brings it up. Where its variables are not stored with it, the start that follows does, which
   * brings the spec.
   */
  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { client, folders } = this.#to;
    await this.#settled(id, signal);
    await client.ping(signal);
    const state = await folders.state(id);
    if (state?.kept === undefined) return;
    const { kept, current: _, ...rest } = state;
    const target = { ...kept, id, env: undefined };
    const source = await folders.source(preparedPlace(target));
    const open = openingOf(target, this.#to, signal);
    await this.#checkGround(id, kept.revision, signal);
    const isKnown = source?.env !== undefined;
    if (isKnown) await open();
    const { run: _run, startedAtMs: _startedAtMs, ...made } = kept;
    const current: MadeRevision = { ...made, turn: made.turn + 1, finished: false };
    const restored: ProjectState = { ...rest, stopped: false, current };
    await folders.store(id, restored);
    if (isKnown) await this.#bringUp(restored, current, { open, signal, existing: "update" });
  }

  /** Removes the project and all that is known of it. */
  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { ends, folders } = this.#to;
    await this.#settled(id, signal);
    const seen = await this.#to.look(id, signal);
    const retains = seen.state?.current?.revision.retainVolumes ?? false;
    await ends.remove(id, seen, { retainsVolumes: retains, signal });
    await folders.remove(id);
  }

  /** The target's own revision, brought up before: what of it is down runs again, and nothing else is touched. */
  async #keepUp(
    seen: SeenProject & {
      readonly state: ProjectState | undefined;
      readonly current: MadeRevision;
      readonly open: OpenRevision;
    },
    { remakesChanged, signal }: RunOptions,
  ): Promise<void> {
    const { state, current, open } = seen;
    if (state === undefined) return;
    const { services, changed } = judgeProject(seen);
    const broken = services.filter((it) => it.standing === "broken" || it.standing === "frozen");
    const { containers } = seen;
    for (const { report } of containers)
      if (report.State.Paused) await this.#to.client.unpause(report.Id, signal);
    const ground = { configurations: state.configurations ?? {}, containers };
    const drifted = await setRight(ground, this.#to.client, signal);
    const toRemake = remakesChanged ? [...new Set([...changed, ...drifted])] : [];
    if (state.stopped || (!isAnyLive(seen) && broken.length === 0)) {
      const failed = services.find((it) => it.standing === "failed");
      if (!state.stopped && failed !== undefined) throw leftAlone(failed);
      await this.#to.folders.store(state.id, { ...state, stopped: false });
      await this.#bringUp({ ...state, stopped: false }, current, {
        open,
        signal,
        existing: "keep",
        left: containers,
      });
      return;
    }
    await this.#putBack(
      { state, current, open, left: containers },
      broken.filter((it) => !toRemake.includes(it.name)),
      signal,
    );
    if (toRemake.length > 0)
      await this.#bringUp(state, current, {
        open,
        signal,
        existing: "remake",
        services: toRemake,
        left: containers.filter((it) => !toRemake.includes(it.service)),
      });
  }

  /** Runs what has ended, and makes what is gone: each service alone, without those beside it. */
  async #putBack(
    project: {
      readonly state: ProjectState;
      readonly current: MadeRevision;
      readonly open: OpenRevision;
      readonly left: readonly SeenContainer[];
    },
    broken: readonly ServiceVerdict[],
    signal: AbortSignal,
  ): Promise<void> {
    const { state, current, open, left } = project;
    const lacking: string[] = [];
    for (const { name, missing, containers } of broken) {
      const isDead = containers.some((it) => it.report.State.Dead);
      if (missing > 0 || isDead) lacking.push(name);
      else
        for (const { report } of containers) await this.#to.ends.startAgain(report, state, signal);
    }
    if (lacking.length > 0)
      await this.#bringUp(state, current, {
        open,
        signal,
        existing: "keep",
        services: lacking,
        left,
      });
  }

  async #bringUp(
    state: ProjectState,
    made: MadeRevision,
    how: {
      readonly open: OpenRevision;
      readonly existing: "keep" | "remake" | "update";
      readonly services?: readonly string[];
      /** Containers that are left as they are. */
      readonly left?: readonly SeenContainer[];
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { command, failures, folders } = this.#to;
    const { open, existing, services, left = [], signal } = how;
    const workload = state.id;
    const { project, profiles } = made.revision;
    const { input, hidden } = await open();
    const request = {
      project,
      profiles,
      existing,
      input,
      mark: await folders.ensureMark(workload),
      ...(services === undefined ? {} : { services }),
    };
    try {
      await command.up(request, hidden, signal);
    } catch (error) {
      if (signal.aborted) this.#cutAtMs.set(workload, performance.now());
      signal.throwIfAborted();
      throw await failures.explain(error, await this.#to.look(workload, signal), signal);
    }
    const { containers } = await this.#to.look(workload, signal);
    const { hashes, configurations } = knownAfterUp(containers, { state, made, left });
    const current = { ...made, finished: true, hashes };
    await folders.store(workload, { ...state, configurations, current });
  }

  /** What stands in the way before anything is changed. */
  async #checkGround(
    id: WorkloadId,
    { project, names, services }: PreparedRevision,
    signal: AbortSignal,
  ): Promise<void> {
    const { images, owned } = this.#to;
    await owned.checkPlace(id, { project, names }, signal);
    const missing = await images.missing(
      services.map((it) => it.image),
      signal,
    );
    if (missing !== undefined) throw notPrepared();
  }

  /** What there is of the target's creation, once what there was of another is gone. */
  async #ofCreation(target: Target, signal: AbortSignal): Promise<SeenProject> {
    const seen = await this.#to.look(target.id, signal);
    const isOther = (it: { readonly uid: string } | undefined): boolean =>
      it !== undefined && it.uid !== target.uid;
    const hasOther = seen.containers.length > 0 && seen.uid !== target.uid;
    if (!hasOther && !isOther(seen.state?.current) && !isOther(seen.state?.kept)) return seen;
    const { state } = seen;
    // Volumes are the id's, whichever creation it is.
    await this.#to.ends.remove(target.id, seen, { retainsVolumes: true, signal });
    if (state !== undefined)
      await this.#to.folders.store(target.id, {
        id: state.id,
        sequence: state.sequence,
        stopped: false,
      });
    return this.#to.look(target.id, signal);
  }

  /** Waits until nothing goes on that an earlier call had begun, or an earlier agent. */
  async #settled(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { folders, late } = this.#to;
    await late.settled(id, signal);
    const mark = await folders.mark(id);
    if (mark !== undefined && (await endLeftCommands(mark, signal)))
      this.#cutAtMs.set(id, performance.now());
    const cutAtMs = this.#cutAtMs.get(id);
    if (cutAtMs === undefined) return;
    await pause(Math.max(0, cutAtMs + windDownMs - performance.now()), signal);
    this.#cutAtMs.delete(id);
  }
}

/** What is known of a project while a revision is brought up: what was there, is what is set aside. */
function begun(
  { id, uid, revisionId, specDigest }: Target,
  from: {
    readonly revision: PreparedRevision;
    readonly seen: SeenProject;
    /** Whether what is there is of the revision already. */
    readonly isOwn: boolean;
  },
): { readonly state: ProjectState; readonly made: MadeRevision } {
  const { revision, seen, isOwn } = from;
  const { configurations, current, kept: keptBefore, sequence: last = 0 } = seen.state ?? {};
  const goesOn = isOwn && seen.containers.length > 0;
  const kept = isOwn ? keptBefore : keptOf(seen);
  const sequence = last + (goesOn ? 0 : 1);
  const turn = (goesOn ? current?.turn : undefined) ?? 0;
  const ids = { uid, revisionId, specDigest };
  const made = { ...ids, sequence, turn, revision, finished: false, hashes: {} };
  const state = { id, sequence, stopped: false, configurations, current: made };
  return { state: kept === undefined ? state : { ...state, kept }, made };
}

function isAnyLive({ containers }: SeenProject): boolean {
  return containers.some(
    ({ report: { State } }) => State.Running || State.Paused || State.Restarting,
  );
}

/** What is set aside when another revision takes its place. */
function keptOf(seen: SeenProject): KeptRevision | undefined {
  const { state, containers } = seen;
  if (state?.kept !== undefined) return state.kept;
  if (state?.current === undefined || containers.length === 0) return undefined;
  const since = startedAtMs(seen);
  return since === undefined
    ? state.current
    : { ...state.current, run: runOf(state.current, seen), startedAtMs: since };
}

function isOfTarget(it: MadeRevision, target: Target): boolean {
  return (
    it.uid === target.uid &&
    it.revisionId === target.revisionId &&
    it.specDigest === target.specDigest
  );
}

function leftAlone({ phrase }: ServiceVerdict): AgentError {
  return new AgentError(
    "RUNTIME_ERROR",
    `${phrase}: stop and start the workload to run all of it again, or apply another revision`,
    { fault: "user", effect: "none" },
  );
}
