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
  /** A call that was called off long ago and has not returned: what it does to the workload cannot be said. */
  #stuck: Failure | undefined;
  #streak = 0;
  #confirmedAtMs = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #hintedMs = Number.NEGATIVE_INFINITY;

  constructor(id: WorkloadId, context: EngineContext) {
    this.#id = id;
    this.#context = context;
  }

  /** Whether the kept observation may be out of date. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** Why it cannot be said what exists: the last look failed, or a call does not return. Undefined when it can. */
  get unreadable(): Failure | undefined {
    return this.#stuck ?? this.#unreadable;
  }

  /** The call that does not return, in words; empty when there is none. */
  get stuck(): string {
    return this.#stuck?.message ?? "";
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
    this.#hintedMs = this.#context.clock.monotonicMs();
  }

  /** Whether a hint since then, monotonic, is still to be answered: whoever began to read at that time need not have seen what it is about. */
  isHintedSince(beganMs: number): boolean {
    return this.#isDirty && this.#hintedMs >= beganMs;
  }

  /** Nothing can be said of what exists until it can be read again. */
  markUnreadable(failure: Failure): void {
    const isNews = this.#unreadable === undefined;
    // Since when is what counts; why is what was found last.
    this.#unreadable = { ...failure, atMs: this.#unreadable?.atMs ?? failure.atMs };
    this.#isDirty = true;
    if (isNews) this.#context.onStatusChanged(this.#id);
  }

  /** There is no runtime of this type to look with. */
  markUnregistered(type: string): void {
    const message = `no runtime of type ${type} is registered`;
    const atMs = this.#context.clock.wallMs();
    this.markUnreadable({ reason: "RUNTIME_NOT_REGISTERED", message, retryable: true, atMs });
  }

  /** A call was called off long ago and has not returned. */
  markStuck(what: string): void {
    const { clock, logger, onStatusChanged } = this.#context;
    const message = `${what} was called off, and has not returned`;
    this.#stuck = { reason: "TIMEOUT", message, retryable: true, atMs: clock.wallMs() };
    logger.error("a runtime call does not return", { id: this.#id, what });
    onStatusChanged(this.#id);
  }

  /** No call is stuck any more. */
  markFreed(): void {
    if (this.#stuck === undefined) return;
    this.#stuck = undefined;
    this.#context.onStatusChanged(this.#id);
  }

  /** The kept observation was seen to be true by a look that began at `beganMs` (monotonic). */
  confirm(beganMs: number): void {
    const wasUnreadable = this.#unreadable !== undefined;
    this.#unreadable = undefined;
    this.#streak = 0;
    this.#isDirty = false;
    const { clock } = this.#context;
    this.#confirmedAtMs = clock.wallMs() - (clock.monotonicMs() - beganMs);
    if (wasUnreadable) this.#context.onStatusChanged(this.#id);
  }

  /**
   * The observation to plan from: `kept`, or a fresh one when there is none or it may be out of date. Never rejects but for the engine's stop.
   * @throws the reason of the engine's stop.
   */
  async look(gate: RuntimeGate, kept: Observation | undefined): Promise<Observation> {
    const failure = this.#context.runtimeFailure(gate.runtime.type);
    if (failure !== undefined) {
      this.markUnreadable(failure);
      return { kind: "unreadable", failure };
    }
    if (kept !== undefined && !this.#isDirty && this.#unreadable === undefined) return kept;
    const observation = await this.#observe(gate);
    if (observation.kind === "unreadable") {
      this.#streak += 1;
      this.markUnreadable(observation.failure);
      return observation;
    }
    // A hint that came while the look was under way is not answered by it.
    const isDirtyAgain = this.#isDirty;
    this.confirm(this.#lookedMs);
    this.#isDirty = isDirtyAgain;
    return observation;
  }

  async #observe(gate: RuntimeGate): Promise<Observation> {
    const { policy, clock, signal } = this.#context;
    const what = `observing ${this.#id}`;
    const call = {
      kind: "observe",
      operation: "observe",
      what,
      timeoutMs: policy.observeTimeoutMs,
      signal,
      onStuck: () => this.markStuck(what),
    } as const;
    try {
      const observation = await gate.call(call, (runtime, callSignal) => {
        // What was hinted at before the read begins is answered by it.
        this.#isDirty = false;
        this.#lookedMs = clock.monotonicMs();
        return runtime.observe(this.#id, callSignal);
      });
      // One that ignores its abort may return long after the store was closed.
      signal.throwIfAborted();
      return observation;
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
