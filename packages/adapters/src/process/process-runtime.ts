import {
  AgentError,
  type Demands,
  failureOf,
  type Glance,
  type Instance,
  type Json,
  type LogChunk,
  type LogOptions,
  type Observation,
  type Parsed,
  type ParsedSpec,
  parseProcessSpec,
  processSpecOf,
  type ProcessSpec,
  type Progress,
  type RuntimeCapabilities,
  type RuntimeEvent,
  type RuntimeHealth,
  type SpecDigest,
  type Target,
  type UsageSnapshot,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import { resolvedEnvironment, secretDemandsOf } from "../shared/secret-references.ts";
import { redactEnv } from "../shared/redact-env.ts";
import { Cgroups } from "./cgroups.ts";
import { checkCommand } from "./command-check.ts";
import { EventQueue } from "../shared/event-queue.ts";
import { ExitWatch } from "./exit-watch.ts";
import { FolderReader } from "./instance-folder.ts";
import { allSlots, InstanceFolders, type Slot, wholeSlots } from "./instance-folders.ts";
import {
  glanceOf,
  halfMadeInstance,
  type InstanceContent,
  toInstance,
} from "./instance-observation.ts";
import { InstanceOperations } from "./instance-operations.ts";
import { processError } from "./process-errors.ts";
import { processDemands } from "./process-demands.ts";
import { readLogs } from "./process-logs.ts";
import {
  type ProcessRuntimeOptions,
  resolveProcessOptions,
  type ResolvedProcessOptions,
} from "./process-options.ts";
import { UsageMeter } from "./process-usage.ts";
import { missingTools } from "./required-tools.ts";
import { Slices } from "../shared/wait.ts";

/** Work done in one go before the event loop has its turn. */
const sliceMs = 5;

const everySlot: ReadonlySet<Slot> = new Set(allSlots);

interface Listener {
  readonly queue: EventQueue;
  readonly watch: ExitWatch;
}

/**
 * Runs workloads as processes of this host, for Linux. Each has a folder, and each run a supervisor of its own, a few lines of shell that
 * outlive the agent (see supervisor-script.ts). The folders are the only state: an agent that comes later finds everything there, what
 * ran meanwhile included.
 */
export class ProcessRuntime implements WorkloadRuntime {
  readonly type = "process";
  readonly capabilities: RuntimeCapabilities = { events: true, logs: true, usage: true };
  readonly #options: ResolvedProcessOptions;
  readonly #folders: InstanceFolders;
  readonly #reader = new FolderReader();
  readonly #cgroups: Cgroups | undefined;
  readonly #operations: InstanceOperations;
  readonly #usage: UsageMeter;
  readonly #listeners = new Set<Listener>();

  /**
   * Makes the root folder when it is missing; starts and changes nothing.
   * @throws {AgentError} when the root cannot be made. {RangeError} for options out of bounds.
   */
  constructor(options: ProcessRuntimeOptions) {
    this.#options = resolveProcessOptions(options);
    const { cgroupParent: parent, cgroupRoot, cgroups, nodeId, root } = this.#options;
    this.#folders = new InstanceFolders(root, nodeId, this.#options.secretSealer);
    this.#cgroups = cgroups === "off" ? undefined : Cgroups.detect({ root: cgroupRoot, parent });
    this.#usage = new UsageMeter(this.#cgroups);
    this.#operations = new InstanceOperations({
      options: this.#options,
      folders: this.#folders,
      reader: this.#reader,
      cgroups: this.#cgroups,
      onStarted: (id) => {
        // A run may have ended before it could be watched.
        for (const { queue, watch } of this.#listeners)
          if (!this.#watchRun(id, watch)) queue.put({ id, what: "exited" });
      },
    });
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    return parseProcessSpec(input);
  }

  redactSpec(spec: Json): Json {
    return redactEnv(spec);
  }

  async demands(spec: Json, signal: AbortSignal): Promise<Demands> {
    const sent = specOf(spec);
    const { protectedPaths } = this.#options;
    return {
      ...(await processDemands(sent, signal)),
      ...(await secretDemandsOf(sent.env, protectedPaths)),
    };
  }

  async probe(signal: AbortSignal): Promise<RuntimeHealth> {
    try {
      this.#folders.assertReadable();
      const missing = await missingTools(signal);
      if (missing.length > 0)
        throw new AgentError("RUNTIME_UNAVAILABLE", `missing on this host: ${missing.join(", ")}`, {
          retryable: true,
        });
      return { healthy: true, version: `1 (${this.#cgroups?.name ?? "resource limits"})` };
    } catch (error) {
      const failure = failureOf(processError(error, "use the process runtime"), Date.now());
      return { healthy: false, failure };
    }
  }

  async list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>> {
    signal.throwIfAborted();
    const slices = new Slices(sliceMs);
    const found = this.#folders.scan();
    const glances = new Map<WorkloadId, Glance>();
    for (const [id, slots] of found) {
      const glance = this.#glance(id, slots);
      if (glance !== undefined) glances.set(id, glance);
      if (!slices.isOver) continue;
      await slices.turn();
      signal.throwIfAborted();
    }
    this.#forgetAllBut(found);
    return glances;
  }

  async observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    signal.throwIfAborted();
    try {
      const instances = this.#instances(id);
      if (instances.length > 0) return { kind: "present", instances, glance: glanceOf(instances) };
      this.#folders.assertReadable();
      return { kind: "absent" };
    } catch (error) {
      const failure = failureOf(processError(error, `look at the process ${id}`), Date.now());
      return { kind: "unreadable", failure };
    }
  }

  async prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void> {
    await guarded("prepare a process", signal, async () => {
      progress("looking for the program and its user");
      const spec = specOf(target.spec);
      // What it refers to is found again when it is started; that it is missing is said before anything is stopped.
      const env = await resolvedEnvironment(spec.env, this.#options.secretSource, signal);
      await checkCommand({ ...spec, env }, signal);
      this.#operations.reserve(target);
    });
  }

  async start(target: Target, signal: AbortSignal): Promise<void> {
    await guarded("start a process", signal, () => this.#operations.makeCurrent(target, signal));
  }

  async replace(target: Target, signal: AbortSignal): Promise<void> {
    await guarded("replace a process", signal, () => this.#operations.makeCurrent(target, signal));
  }

  async retire(
    id: WorkloadId,
    _keepDigests: readonly SpecDigest[],
    signal: AbortSignal,
  ): Promise<void> {
    await guarded("remove a process that was kept", signal, async () => {
      this.#folders.assertReadable();
      this.#operations.removeUnfinished(id);
      await this.#operations.removeSlot(id, "kept", signal);
    });
  }

  async restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await guarded("restore a process", signal, () => this.#operations.restore(id, signal));
  }

  async stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    await guarded("stop a process", signal, async () => {
      this.#folders.assertReadable();
      for (const slot of wholeSlots) await this.#operations.stop(id, slot, { graceMs, signal });
    });
  }

  async remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    await guarded("remove a process", signal, async () => {
      this.#folders.assertReadable();
      for (const slot of wholeSlots) await this.#operations.removeSlot(id, slot, signal);
      await this.#operations.removeSlot(id, "making", signal);
    });
  }

  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const queue = new EventQueue();
    const watch = new ExitWatch((key) => {
      this.#afterEnd(key as WorkloadId, listener);
    });
    const listener: Listener = { queue, watch };
    this.#listeners.add(listener);
    try {
      await this.#adopt(watch, signal);
      yield* queue.drain(signal);
    } finally {
      this.#listeners.delete(listener);
      watch.close();
    }
  }

  async *logs(id: WorkloadId, options: LogOptions, signal: AbortSignal): AsyncIterable<LogChunk> {
    signal.throwIfAborted();
    if (this.#hasEnded(id)) await this.#operations.logsWritten(id, "current", signal);
    const find = (): ReturnType<Parameters<typeof readLogs>[1]> => {
      for (const slot of wholeSlots) {
        const content = this.#operations.content(id, slot);
        if (content.kind !== "instance") continue;
        return { handle: content.meta.handle, folder: this.#folders.pathOf(id, slot) };
      }
      return undefined;
    };
    yield* readLogs(id, find, { options, signal });
  }

  async usage(
    ids: readonly WorkloadId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<WorkloadId, UsageSnapshot>> {
    return guarded("measure processes", signal, () => {
      const running = new Map<WorkloadId, InstanceContent>();
      for (const id of ids) {
        const content = this.#operations.content(id, "current");
        if (content.kind !== "instance") continue;
        if (content.run?.state === "running" || content.run?.state === "paused")
          running.set(id, content);
      }
      return this.#usage.measure(running);
    });
  }

  #hasEnded(id: WorkloadId): boolean {
    const content = this.#operations.content(id, "current");
    return content.kind === "instance" && content.run?.state === "exited";
  }

  /** What the slots hold; those that are known to be missing need not be looked at. */
  #instances(id: WorkloadId, slots: ReadonlySet<Slot> = everySlot): readonly Instance[] {
    const instances: Instance[] = [];
    let isHalfMade =
      slots.has("making") && isUnfinished(this.#operations.content(id, "making").kind);
    for (const slot of wholeSlots) {
      if (!slots.has(slot)) continue;
      const content = this.#operations.content(id, slot);
      if (content.kind === "instance") instances.push(toInstance(content, slot === "kept"));
      isHalfMade ||= content.kind === "half-made";
    }
    return instances.length === 0 && isHalfMade ? [halfMadeInstance()] : instances;
  }

  #glance(id: WorkloadId, slots: ReadonlySet<Slot>): Glance | undefined {
    try {
      const instances = this.#instances(id, slots);
      return instances.length === 0 ? undefined : glanceOf(instances);
    } catch (error) {
      return `unreadable ${processError(error, `look at the process ${id}`).code}`;
    }
  }

  /** Takes up the watch over what earlier agents started. */
  async #adopt(watch: ExitWatch, signal: AbortSignal): Promise<void> {
    const slices = new Slices(sliceMs);
    for (const id of this.#folders.scan().keys()) {
      this.#watchRun(id, watch);
      if (!slices.isOver) continue;
      await slices.turn();
      signal.throwIfAborted();
    }
  }

  #afterEnd(id: WorkloadId, { queue, watch }: Listener): void {
    this.#watchRun(id, watch);
    queue.put({ id, what: "exited" });
  }

  /** Watches the current run, if there is one that has not ended; whether there was. */
  #watchRun(id: WorkloadId, watch: ExitWatch): boolean {
    try {
      const content = this.#operations.content(id, "current");
      const run = content.kind === "instance" ? content.run : undefined;
      if (run === undefined || run.state === "exited") return false;
      if (run.isSupervised) watch.add(id, this.#folders.pathOf(id, "current"));
      else if (run.record !== undefined) watch.addOrphan(id, run.record);
      return true;
    } catch (error) {
      // Not being watched is no loss beyond time: the engine lists at intervals.
      this.#options.logger.warn("a process cannot be watched", { id, error });
      return true;
    }
  }

  #forgetAllBut(found: ReadonlyMap<WorkloadId, unknown>): void {
    const folders = new Set<string>();
    for (const id of found.keys())
      for (const slot of wholeSlots) folders.add(this.#folders.pathOf(id, slot));
    this.#reader.forget((folder) => folders.has(folder));
    this.#usage.forget((id) => found.has(id));
  }
}

/** Runs `work`; what it throws becomes an AgentError, but for the signal's reason. */
async function guarded<T>(doing: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    if (signal.aborted && error === signal.reason) throw error;
    throw processError(error, doing);
  }
}

function isUnfinished(kind: ReturnType<InstanceOperations["content"]>["kind"]): boolean {
  return kind === "instance" || kind === "half-made";
}

function specOf(spec: Json): ProcessSpec {
  const parsed = processSpecOf(spec);
  if (parsed !== undefined) return parsed;
  throw new AgentError("INVALID_SPEC", "the spec is not one of a process", { effect: "none" });
}
