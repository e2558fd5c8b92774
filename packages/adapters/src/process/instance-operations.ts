import { AgentError, processSpecOf, type Target, type WorkloadId } from "@persys/core";
import type { Cgroups } from "./cgroups.ts";
import { checkCommand } from "./command-check.ts";
import { endRun } from "./end-run.ts";
import { type FolderContent, type FolderReader, isHeld, type Run } from "./instance-folder.ts";
import {
  forbidStarts,
  type InstanceFolders,
  type Slot,
  tidyRecords,
  wholeSlots,
} from "./instance-folders.ts";
import type { InstanceContent } from "./instance-observation.ts";
import { launch } from "./launch.ts";
import { limitsOf } from "./process-limits.ts";
import { errnoOf } from "./process-errors.ts";
import type { ResolvedProcessOptions } from "./process-options.ts";
import { sendSignal } from "./process-table.ts";
import { specOfMeta } from "./sealed-meta.ts";
import { resolvedEnvironment } from "../shared/secret-references.ts";
import { until } from "../shared/wait.ts";

/** What the operations work on. */
export interface OperationsOptions {
  readonly options: ResolvedProcessOptions;
  readonly folders: InstanceFolders;
  readonly reader: FolderReader;
  readonly cgroups: Cgroups | undefined;
  /** Called when a run of the current instance has begun. */
  readonly onStarted: (id: WorkloadId) => void;
}

/** A run that is neither up nor down becomes one of them on its own; longer means a host in trouble. */
const transitionTimeoutMs = 15_000;
/** A start that was overtaken looks again and finds what overtook it; more than this is not explained by that. */
const startTriesMax = 4;
/** Log writers end within milliseconds of the last process that writes to them. */
const logTimeoutMs = 1_000;
/** A group's last member has gone, but the kernel may still be cleaning up after it. */
const groupTimeoutMs = 5_000;

/**
 * What changes instances. Each operation works from what the folders hold, so that it finishes whatever an earlier one left, and is
 * called for one workload at a time.
 */
export class InstanceOperations {
  readonly #to: OperationsOptions;

  constructor(to: OperationsOptions) {
    this.#to = to;
  }

  /** What a slot holds. An instance that another node made reads as `foreign`. */
  content(id: WorkloadId, slot: Slot): FolderContent | { readonly kind: "foreign" } {
    const { folders, options, reader } = this.#to;
    const content = reader.read(folders.pathOf(id, slot));
    if (content.kind !== "instance") return content;
    return content.meta.nodeId === options.nodeId && content.meta.id === id
      ? content
      : { kind: "foreign" };
  }

  /**
   * Makes the instance of a workload that has none, without starting it: should the agent be killed before the first start has begun, it is
   * then seen that nothing has run, where an absence would leave that open.
   */
  reserve(target: Target): void {
    const { folders } = this.#to;
    folders.assertReadable();
    const isFree = wholeSlots.every((slot) => this.content(target.id, slot).kind === "missing");
    if (!isFree) return;
    this.removeUnfinished(target.id);
    folders.create(target);
  }

  /** Makes the target current and running; another current instance is kept, or removed where one is kept already. */
  async makeCurrent(target: Target, signal: AbortSignal): Promise<void> {
    const { folders } = this.#to;
    const { id } = target;
    // Without its folders a process that runs could not be seen, and would be started a second time.
    folders.assertReadable();
    this.removeUnfinished(id);
    const current = this.content(id, "current");
    if (current.kind === "foreign") throw foreign(id);
    if (current.kind === "instance" && !isOfTarget(current, target)) {
      // What the new one refers to is found before the old one is stopped.
      const env = processSpecOf(target.spec)?.env;
      await resolvedEnvironment(env, this.#to.options.secretSource, signal);
      await this.#setAside(current, target, signal);
    }
    if (current.kind === "half-made") folders.remove(id, "current");
    if (current.kind !== "instance" || !isOfTarget(current, target)) folders.create(target);
    await this.#run(id, signal);
  }

  /** Makes the kept instance current and running; without one nothing is done. */
  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    const { folders } = this.#to;
    folders.assertReadable();
    const kept = this.content(id, "kept");
    if (kept.kind === "half-made") folders.remove(id, "kept");
    if (kept.kind !== "instance") return;
    await this.removeSlot(id, "current", signal);
    folders.move(id, "kept", "current");
    await this.#run(id, signal);
  }

  /** Removes what a creation that was cut short has left. */
  removeUnfinished(id: WorkloadId): void {
    if (this.content(id, "making").kind === "foreign") throw foreign(id);
    this.#to.folders.remove(id, "making");
  }

  /** Ends what a slot's instance runs, and forbids starts that are still on their way. */
  async stop(id: WorkloadId, slot: Slot, stop: StopOptions): Promise<void> {
    const content = this.content(id, slot);
    if (content.kind !== "instance") return;
    forbidStarts(this.#to.folders.pathOf(id, slot), content.lastNumber + 1);
    await this.#end(id, { slot, content, ...stop });
  }

  /** Ends and removes what a slot holds, with its processes, logs and group. What is not ours stays. */
  async removeSlot(id: WorkloadId, slot: Slot, signal: AbortSignal): Promise<void> {
    const content = this.content(id, slot);
    if (content.kind === "missing" || content.kind === "foreign") return;
    if (content.kind === "instance") {
      await this.stop(id, slot, { graceMs: content.meta.stopGraceMs, signal });
      await this.logsWritten(id, slot, signal);
      await this.#removeGroup(content.meta.handle, signal);
    }
    this.#to.folders.remove(id, slot);
  }

  /** Resolves once the log writers of runs that have ended are done; after a moment also when a process that got away keeps them. */
  async logsWritten(id: WorkloadId, slot: Slot, signal: AbortSignal): Promise<void> {
    const folder = this.#to.folders.pathOf(id, slot);
    const isWritten = (): boolean => !isHeld(folder, "logging");
    await until(isWritten, { timeoutMs: logTimeoutMs, signal });
  }

  async #setAside(current: InstanceContent, target: Target, signal: AbortSignal): Promise<void> {
    const { folders } = this.#to;
    const { id, uid } = target;
    const kept = this.content(id, "kept");
    if (kept.kind === "foreign") throw foreign(id);
    const isTaken = kept.kind === "instance" && kept.meta.uid === uid;
    if (!isTaken) await this.removeSlot(id, "kept", signal);
    if (isTaken || current.meta.uid !== uid) return this.removeSlot(id, "current", signal);
    await this.stop(id, "current", { graceMs: current.meta.stopGraceMs, signal });
    folders.move(id, "current", "kept");
  }

  async #run(id: WorkloadId, signal: AbortSignal): Promise<void> {
    for (let tries = 1; tries <= startTriesMax; tries += 1) {
      const content = this.content(id, "current");
      if (content.kind !== "instance") break;
      const { run } = content;
      if (run?.state === "running") return;
      if (run?.state === "paused") return this.#resume(id, run, signal);
      if (run?.state === "starting" || run?.state === "ending") {
        await this.#settled(id, run, signal);
      } else if ((await this.#launch(id, content, signal)) === "started") {
        this.#to.onStarted(id);
        return;
      }
    }
    throw new AgentError("RUNTIME_ERROR", "the process could not be started: it is being changed", {
      retryable: true,
    });
  }

  async #launch(
    id: WorkloadId,
    content: InstanceContent,
    signal: AbortSignal,
  ): Promise<"started" | "refused"> {
    const { cgroups, folders, options } = this.#to;
    const { meta, run } = content;
    const sent = processSpecOf(specOfMeta(meta, options.secretSealer));
    if (sent === undefined)
      throw new AgentError("INVALID_SPEC", "the spec of the instance follows no rules known here", {
        effect: "none",
      });
    const env = await resolvedEnvironment(sent.env, options.secretSource, signal);
    const spec = { ...sent, env };
    const command = await checkCommand(spec, signal);
    const folder = folders.pathOf(id, "current");
    let number = content.lastNumber + 1;
    if (run !== undefined) {
      // A start that was called off may be on its way under that number: ending what the last run has left would end its program.
      if (await this.#isOvertaken(id, { after: run, number, signal })) return "refused";
      number += 1;
      await this.#end(id, { slot: "current", content, graceMs: 0, signal });
    }
    tidyRecords(folder, run?.number ?? 0);
    const leaf = cgroups?.prepare(meta.handle, spec.resources ?? {});
    const limits = limitsOf(spec, leaf);
    if (limits.notHeld.length > 0)
      options.logger.warn("limits of a process cannot be held on this host", {
        id,
        limits: limits.notHeld,
      });
    return launch(
      {
        workloadId: id,
        folder,
        number,
        spec,
        command,
        leaf,
        limitWords: limits.words,
        supervisorPath: folders.supervisorPath,
        options,
      },
      signal,
    );
  }

  /** Forbids a start that has not been let through yet. Resolves with whether one was let through: then it is the newest run. */
  async #isOvertaken(
    id: WorkloadId,
    start: { readonly after: Run; readonly number: number; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const folder = this.#to.folders.pathOf(id, "current");
    forbidStarts(folder, start.number);
    const isNewer = (): boolean => this.#runOf(id, "current")?.number !== start.after.number;
    const isDecided = (): boolean => !isHeld(folder) || isNewer();
    await until(isDecided, { timeoutMs: transitionTimeoutMs, signal: start.signal });
    return isNewer();
  }

  async #resume(id: WorkloadId, run: Run, signal: AbortSignal): Promise<void> {
    if (run.record !== undefined) sendSignal(-run.record.pid, "SIGCONT");
    const isResumed = (): boolean => this.#runOf(id, "current")?.state !== "paused";
    await until(isResumed, { timeoutMs: transitionTimeoutMs, signal });
  }

  async #settled(id: WorkloadId, run: Run, signal: AbortSignal): Promise<void> {
    const isSettled = (): boolean => this.#runOf(id, "current")?.state !== run.state;
    await until(isSettled, { timeoutMs: transitionTimeoutMs, signal });
  }

  async #end(
    id: WorkloadId,
    end: StopOptions & { readonly slot: Slot; readonly content: InstanceContent },
  ): Promise<void> {
    const { cgroups, folders } = this.#to;
    const name = end.content.meta.handle;
    await endRun({
      folder: folders.pathOf(id, end.slot),
      group: cgroups === undefined ? undefined : { cgroups, name },
      look: () => this.#runOf(id, end.slot),
      graceMs: end.graceMs,
      signal: end.signal,
    });
  }

  #runOf(id: WorkloadId, slot: Slot): Run | undefined {
    const content = this.content(id, slot);
    return content.kind === "instance" ? content.run : undefined;
  }

  async #removeGroup(name: string, signal: AbortSignal): Promise<void> {
    const { cgroups } = this.#to;
    if (cgroups === undefined) return;
    const isRemoved = (): boolean => {
      try {
        cgroups.remove(name);
        return true;
      } catch (error) {
        if (errnoOf(error) === "EBUSY") return false;
        throw error;
      }
    };
    if (await until(isRemoved, { timeoutMs: groupTimeoutMs, signal })) return;
    throw new AgentError("RUNTIME_ERROR", `the control group cannot be removed: ${name}`, {
      retryable: true,
    });
  }
}

/** How something is ended. */
export interface StopOptions {
  readonly graceMs: number;
  readonly signal: AbortSignal;
}

function isOfTarget({ meta }: InstanceContent, target: Target): boolean {
  return (
    meta.uid === target.uid &&
    meta.revisionId === target.revisionId &&
    meta.specDigest === target.specDigest
  );
}

function foreign(id: WorkloadId): AgentError {
  return new AgentError("NAME_CONFLICT", `another node's process has the place of ${id}`, {
    effect: "none",
    retryable: true,
  });
}
