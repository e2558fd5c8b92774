import { type Failure, failureOf } from "../domain/failure.ts";
import type { Observation } from "../domain/observation.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import { AgentError } from "../errors/agent-error.ts";
import { doubled } from "./doubled.ts";
import type { EngineContext } from "./engine-context.ts";
import type { RuntimeGate } from "./runtime-gate.ts";

const lookDelayMs = { first: 1_000, longest: 30_000 };

/** What is fresh and what is readable of one workload: when it was last looked at, and whether that may be out of date. */
export class Sight {
  readonly #id: WorkloadId;
  readonly #context: EngineContext;
  #isDirty = true;
  #unreadable: Failure | undefined;
  #streak = 0;
  #confirmedAtMs = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(id: WorkloadId, context: EngineContext) {
    this.#id = id;
    this.#context = context;
  }

  /** Whether the kept observation may be out of date. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** Why the last look failed; undefined when it succeeded. */
  get unreadable(): Failure | undefined {
    return this.#unreadable;
  }

  /** When the kept observation was last confirmed, Unix milliseconds; 0 before the first look. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs;
  }

  /** When the last look began, monotonic: what began before it is older and tells nothing new. */
  get lookedMs(): number {
    return this.#lookedMs;
  }

  /** How long to wait before looking again at what could not be read, in milliseconds. */
  get retryDelayMs(): number {
    return doubled(lookDelayMs, this.#streak);
  }

  /** Something may have changed since the last look. */
  markDirty(): void {
    this.#isDirty = true;
  }

  /** Nothing can be said of what exists until it can be read again. */
  markUnreadable(failure: Failure): void {
    const isNews = this.#unreadable === undefined;
    this.#unreadable = failure;
    this.#isDirty = true;
    if (isNews) this.#context.onStatusChanged(this.#id);
  }

  /** The kept observation was just seen to be true. */
  confirm(): void {
    const wasUnreadable = this.#unreadable !== undefined;
    this.#unreadable = undefined;
    this.#streak = 0;
    this.#isDirty = false;
    this.#confirmedAtMs = this.#context.clock.wallMs();
    if (wasUnreadable) this.#context.onStatusChanged(this.#id);
  }

  /**
   * The observation to plan from: `kept`, or a fresh one when that may be out of date. Never rejects but for the engine's stop.
   * @throws the reason of the engine's stop.
   */
  async look(
    gate: RuntimeGate,
    kept: Observation,
    onStuck: (what: string) => void,
  ): Promise<Observation> {
    const failure = this.#context.runtimeFailure(gate.runtime.type);
    if (failure !== undefined) {
      this.markUnreadable(failure);
      return { kind: "unreadable", failure };
    }
    if (!this.#isDirty && this.#unreadable === undefined) return kept;
    this.#isDirty = false;
    this.#lookedMs = this.#context.clock.monotonicMs();
    const observation = await this.#observe(gate, onStuck);
    if (observation.kind === "unreadable") {
      this.#streak += 1;
      this.markUnreadable(observation.failure);
      return observation;
    }
    // A hint that came while the look was under way is not answered by it.
    const isDirtyAgain = this.#isDirty;
    this.confirm();
    this.#isDirty = isDirtyAgain;
    return observation;
  }

  async #observe(gate: RuntimeGate, onStuck: (what: string) => void): Promise<Observation> {
    const { policy, clock, signal } = this.#context;
    const what = `observing ${this.#id}`;
    const call = {
      kind: "observe",
      what,
      timeoutMs: policy.observeTimeoutMs,
      signal,
      onStuck: () => onStuck(what),
    } as const;
    try {
      return await gate.call(call, (runtime, callSignal) => runtime.observe(this.#id, callSignal));
    } catch (error) {
      signal.throwIfAborted();
      return { kind: "unreadable", failure: failureOf(AgentError.from(error), clock.wallMs()) };
    }
  }
}

/** Whether two observations tell the same. */
export function isSameSubstance(a: Observation, b: Observation): boolean {
  if (a.kind === "present" && b.kind === "present") return a.glance === b.glance;
  return a.kind === b.kind;
}
