import { AgentError, type SpecDigest, type Target, type WorkloadId } from "@persys/core";
import type { DockerClient } from "../docker/docker-client.ts";
import type { LateCalls } from "../docker/late-calls.ts";
import { pause } from "../shared/wait.ts";
import { notPrepared } from "./compose-errors.ts";
import { endLeftCommands } from "./left-commands.ts";
import type { OwnedProjects } from "./owned-projects.ts";
import { type ProjectCommand, secretsIn, specOf } from "./project-command.ts";
import { knownAfterUp, setRight } from "./project-drift.ts";
import type { ProjectEnds } from "./project-ends.ts";
import type { ProjectFolders } from "./project-folders.ts";
import type { ProjectImages } from "./project-images.ts";
import { judgeProject, runOf, type SeenProject, startedAtMs } from "./project-observation.ts";
import type {
  KeptRevision,
  MadeRevision,
  PreparedRevision,
  ProjectState,
} from "./project-state.ts";
import type { SeenContainer, ServiceVerdict } from "./service-verdict.ts";
import type { UpFailures } from "./up-failures.ts";

/** What the operations work on. */
export interface OperationsContext {
  readonly client: DockerClient;
  readonly folders: ProjectFolders;
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

/** What a revision is brought up with: secrets among it, so it is never stored. */
interface Secrets {
  readonly env: Readonly<Record<string, string>>;
  readonly hidden: readonly string[];
}

/**
 * What changes projects. Each operation works from what the engine of Docker and the project's folder hold, so it finishes whatever an earlier
 * one left. At most one at a time for one workload.
 */
export class ProjectOperations {
  readonly #to: OperationsContext;
  /** Of the revisions that a restore may bring back, while the agent runs: what is not known here, the next start brings. */
  readonly #secrets = new Map<WorkloadId, Map<string, Secrets>>();
  /** When a command of a workload was cut off. */
  readonly #cutAtMs = new Map<WorkloadId, number>();

  constructor(context: OperationsContext) {
    this.#to = context;
  }

  /** Makes the target the current revision, and brings what of it is down to running. */
  async makeCurrent(target: Target, run: RunOptions): Promise<void> {
    const { id, specDigest } = target;
    const { folders } = this.#to;
    await this.#settled(id, run.signal);
    const secrets = this.#noted(target);
    const revision = await folders.prepared(id, specDigest);
    if (revision === undefined) throw notPrepared();
    await this.#checkGround(id, revision, run.signal);
    const seen = await this.#ofCreation(target, run.signal);
    const current = seen.state?.current;
    const isOwn = current !== undefined && isOfTarget(current, target);
    if (isOwn && current.finished && seen.containers.length > 0) {
      await this.#keepUp({ ...seen, state: seen.state, current, secrets }, run);
      return;
    }
    const before: Partial<ProjectState> = seen.state ?? {};
    const kept = isOwn ? before.kept : keptOf(seen);
    const isSame = isOwn && seen.containers.length > 0;
    const sequence = (before.sequence ?? 0) + (isSame ? 0 : 1);
    const { uid, revisionId } = target;
    const turn = isSame ? current.turn : 0;
    const made = {
      sequence,
      turn,
      uid,
      revisionId,
      specDigest,
      revision,
      finished: false,
      hashes: {},
    };
    const state: ProjectState = {
      id,
      sequence,
      stopped: false,
      configurations: before.configurations,
      current: made,
      ...(kept === undefined ? {} : { kept }),
    };
    await folders.store(id, state);
    await this.#bringUp(state, made, { secrets, signal: run.signal, existing: "update" });
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
    const current = state?.current?.specDigest;
    const keep = current === undefined ? keepDigests : [...keepDigests, current];
    await folders.retire(id, keep);
    for (const digest of this.#secrets.get(id)?.keys() ?? [])
      if (!keep.some((it) => it === digest)) this.#secrets.get(id)?.delete(digest);
  }

  /**
   * Makes what was set aside current again, and brings it up. Where its file needs an environment that this agent has not been told, the start
   * that follows brings it up.
   */
  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { client, folders } = this.#to;
    await this.#settled(id, signal);
    await client.ping(signal);
    const state = await folders.state(id);
    if (state?.kept === undefined) return;
    const { kept, current: _, ...rest } = state;
    const secrets = this.#secrets.get(id)?.get(kept.specDigest);
    await this.#checkGround(id, kept.revision, signal);
    const { run: _run, startedAtMs: _startedAtMs, ...made } = kept;
    const current: MadeRevision = { ...made, turn: made.turn + 1, finished: false };
    const restored: ProjectState = { ...rest, stopped: false, current };
    await folders.store(id, restored);
    if (secrets === undefined && current.revision.needsEnv) return;
    const known = secrets ?? { env: {}, hidden: [] };
    await this.#bringUp(restored, current, { secrets: known, signal, existing: "update" });
  }

  /** Removes the project and all that is known of it. */
  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { ends, folders } = this.#to;
    await this.#settled(id, signal);
    const seen = await this.#to.look(id, signal);
    const retains = seen.state?.current?.revision.retainVolumes ?? false;
    await ends.remove(id, seen, { retainsVolumes: retains, signal });
    await folders.remove(id);
    this.#secrets.delete(id);
  }

  /** The target's own revision, brought up before: what of it is down runs again, and nothing else is touched. */
  async #keepUp(
    seen: SeenProject & {
      readonly state: ProjectState | undefined;
      readonly current: MadeRevision;
      readonly secrets: Secrets;
    },
    { remakesChanged, signal }: RunOptions,
  ): Promise<void> {
    const { state, current, secrets } = seen;
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
        secrets,
        signal,
        existing: "keep",
        left: containers,
      });
      return;
    }
    await this.#putBack(
      { state, current, secrets, left: containers },
      broken.filter((it) => !toRemake.includes(it.name)),
      signal,
    );
    if (toRemake.length > 0)
      await this.#bringUp(state, current, {
        secrets,
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
      readonly secrets: Secrets;
      readonly left: readonly SeenContainer[];
    },
    broken: readonly ServiceVerdict[],
    signal: AbortSignal,
  ): Promise<void> {
    const { state, current, secrets, left } = project;
    const lacking: string[] = [];
    for (const { name, missing, containers } of broken) {
      const isDead = containers.some((it) => it.report.State.Dead);
      if (missing > 0 || isDead) lacking.push(name);
      else
        for (const { report } of containers) await this.#to.ends.startAgain(report, state, signal);
    }
    if (lacking.length > 0)
      await this.#bringUp(state, current, {
        secrets,
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
      readonly secrets: Secrets;
      readonly existing: "keep" | "remake" | "update";
      readonly services?: readonly string[];
      /** Containers that are left as they are. */
      readonly left?: readonly SeenContainer[];
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { command, failures, folders } = this.#to;
    const { secrets, existing, services, left = [], signal } = how;
    const workload = state.id;
    const { project, profiles } = made.revision;
    const request = {
      project,
      profiles,
      existing,
      env: secrets.env,
      file: folders.fileOf(workload, made.specDigest),
      folder: folders.folderOf(workload),
      mark: await folders.ensureMark(workload),
      ...(services === undefined ? {} : { services }),
    };
    try {
      await command.up(request, secrets.hidden, signal);
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

  #noted(target: Target): Secrets {
    const { spec, document } = specOf(target);
    const secrets = { env: spec.env ?? {}, hidden: secretsIn(spec, document) };
    const known = this.#secrets.get(target.id) ?? new Map<string, Secrets>();
    this.#secrets.set(target.id, known.set(target.specDigest, secrets));
    return secrets;
  }
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
