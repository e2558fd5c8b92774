import {
  AgentError,
  failureOf,
  type Demands,
  type Glance,
  type Json,
  type Observation,
  type Parsed,
  type ParsedSpec,
  type Progress,
  type RuntimeCapabilities,
  type RuntimeEvent,
  type RuntimeHealth,
  type SpecDigest,
  type Target,
  type TargetName,
  type WorkloadId,
  type WorkloadRuntime,
} from "@persys/core";
import type { EventLine } from "./event-line.ts";
import { type Mortal, never } from "./mortal.ts";

/** A changing call as the engine made it. */
export interface StepCall {
  readonly op: string;
  readonly id: WorkloadId;
  /** Undefined where the call names none. */
  readonly target?: Target;
  readonly signal: AbortSignal;
}

/** Who is told of what an engine asks of a runtime, and of what it is answered. */
export interface RuntimeWatcher {
  onStepBegun(call: StepCall): void;
  onStepEnded(call: StepCall, error: unknown): void;
  /** Returns the number of the look. */
  onLookBegun(): number;
  onLooked(id: WorkloadId, look: number, observation: Observation): void;
  onListed(look: number): void;
}

/** Who watches a runtime, and how its events are heard. */
export interface WatchedRuntimeOptions {
  readonly watcher: RuntimeWatcher;
  readonly events: EventLine;
  /** Whose calls these are: when it is dead they do nothing and do not return. */
  readonly caller: Mortal;
  /** Wall time, Unix milliseconds. */
  readonly nowMs: () => number;
}

/** What the engine sees of a runtime under simulation. Looks that fail are unreadable, and no error is more than the port allows. */
export class WatchedRuntime implements WorkloadRuntime {
  readonly type: string;
  readonly capabilities: RuntimeCapabilities;
  declare readonly events?: NonNullable<WorkloadRuntime["events"]>;
  readonly #inner: WorkloadRuntime;
  readonly #watcher: RuntimeWatcher;
  readonly #caller: Mortal;
  readonly #nowMs: () => number;

  constructor(inner: WorkloadRuntime, options: WatchedRuntimeOptions) {
    const { watcher, events, caller, nowMs } = options;
    this.#inner = inner;
    this.#caller = caller;
    this.#watcher = watcher;
    this.#nowMs = nowMs;
    this.type = inner.type;
    this.capabilities = inner.capabilities;
    if (inner.events !== undefined) {
      this.events = (signal) => events.listen((alive) => inner.events?.(alive) ?? none(), signal);
    }
  }

  parseSpec(input: unknown): Parsed<ParsedSpec> {
    return this.#inner.parseSpec(input);
  }

  redactSpec(spec: Json): Json {
    return this.#inner.redactSpec(spec);
  }

  demands(spec: Json, signal: AbortSignal, of?: TargetName): Promise<Demands> {
    return this.#inner.demands(spec, signal, of);
  }

  async probe(signal: AbortSignal): Promise<RuntimeHealth> {
    try {
      return await this.#inner.probe(signal);
    } catch (error) {
      return { healthy: false, failure: failureOf(AgentError.from(error), this.#nowMs()) };
    }
  }

  async list(signal: AbortSignal): Promise<ReadonlyMap<WorkloadId, Glance>> {
    if (this.#caller.isDead) await never();
    const look = this.#watcher.onLookBegun();
    const glances = await this.#inner.list(signal);
    this.#watcher.onListed(look);
    return glances;
  }

  async observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    if (this.#caller.isDead) await never();
    const look = this.#watcher.onLookBegun();
    // An object of its own, so that it can be told where it ends up.
    const observation = { ...(await this.#observe(id, signal)) };
    this.#watcher.onLooked(id, look, observation);
    return observation;
  }

  prepare(target: Target, signal: AbortSignal, progress: Progress): Promise<void> {
    const call: StepCall = { op: "prepare", id: target.id, target, signal };
    return this.#step(call, () => this.#inner.prepare(target, signal, progress));
  }

  start(target: Target, signal: AbortSignal): Promise<void> {
    const call: StepCall = { op: "start", id: target.id, target, signal };
    return this.#step(call, () => this.#inner.start(target, signal));
  }

  replace(target: Target, signal: AbortSignal): Promise<void> {
    const call: StepCall = { op: "replace", id: target.id, target, signal };
    return this.#step(call, () => this.#inner.replace(target, signal));
  }

  retire(id: WorkloadId, keep: readonly SpecDigest[], signal: AbortSignal): Promise<void> {
    return this.#step({ op: "retire", id, signal }, () => this.#inner.retire(id, keep, signal));
  }

  restore(id: WorkloadId, signal: AbortSignal): Promise<void> {
    return this.#step({ op: "restore", id, signal }, () => this.#inner.restore(id, signal));
  }

  stop(id: WorkloadId, graceMs: number, signal: AbortSignal): Promise<void> {
    return this.#step({ op: "stop", id, signal }, () => this.#inner.stop(id, graceMs, signal));
  }

  remove(id: WorkloadId, signal: AbortSignal): Promise<void> {
    return this.#step({ op: "remove", id, signal }, () => this.#inner.remove(id, signal));
  }

  async #observe(id: WorkloadId, signal: AbortSignal): Promise<Observation> {
    try {
      return await this.#inner.observe(id, signal);
    } catch (error) {
      signal.throwIfAborted();
      return { kind: "unreadable", failure: failureOf(AgentError.from(error), this.#nowMs()) };
    }
  }

  async #step(call: StepCall, work: () => Promise<void>): Promise<void> {
    if (this.#caller.isDead) await never();
    this.#watcher.onStepBegun(call);
    try {
      await work();
    } catch (error) {
      this.#watcher.onStepEnded(call, error);
      throw error;
    }
    this.#watcher.onStepEnded(call, undefined);
  }
}

async function* none(): AsyncGenerator<RuntimeEvent> {}
