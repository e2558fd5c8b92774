import { AgentError } from "../errors/agent-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { WorkloadRuntime } from "../ports/workload-runtime.ts";
import { callWithDeadline } from "./call-with-deadline.ts";
import type { EnginePolicy } from "./engine-policy.ts";
import { Semaphore } from "./semaphore.ts";
import { Turnstile } from "./turnstile.ts";

/** Kinds of runtime calls, each with a budget of its own, so that pulls never delay a heal and a stuck runtime stalls nobody else. */
export type CallKind = "step" | "prepare" | "observe";

/** How a call through the gate is made. */
export interface GateCall {
  readonly kind: CallKind;
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called when the call has not returned long after it was aborted. */
  readonly onStuck?: () => void;
}

/** The only way from the engine to one runtime: a place in a budget, then a deadline. */
export class RuntimeGate {
  readonly runtime: WorkloadRuntime;
  readonly #clock: Clock;
  readonly #abortGraceMs: number;
  readonly #turnstile: Turnstile;
  readonly #budgets: Readonly<Record<CallKind, Semaphore>>;

  constructor(runtime: WorkloadRuntime, clock: Clock, policy: EnginePolicy) {
    this.runtime = runtime;
    this.#clock = clock;
    this.#turnstile = new Turnstile(clock);
    this.#abortGraceMs = policy.abortGraceMs;
    this.#budgets = {
      step: new Semaphore(policy.stepsAtOnce),
      prepare: new Semaphore(policy.preparesAtOnce),
      observe: new Semaphore(policy.observesAtOnce),
    };
  }

  /** How many calls of a kind wait for a place. */
  waiting(kind: CallKind): number {
    return this.#budgets[kind].waiting;
  }

  /**
   * Calls the runtime.
   * @throws {AgentError} what the runtime threw, anything foreign wrapped as INTERNAL; TIMEOUT; the signal's reason when it aborted.
   */
  async call<T>(
    options: GateCall,
    run: (runtime: WorkloadRuntime, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    await this.#turnstile.pass();
    const release = await this.#budgets[options.kind].acquire(options.signal);
    try {
      return await callWithDeadline(
        {
          clock: this.#clock,
          what: options.what,
          timeoutMs: options.timeoutMs,
          abortGraceMs: this.#abortGraceMs,
          signal: options.signal,
          onStuck: () => {
            release();
            options.onStuck?.();
          },
        },
        (signal) => run(this.runtime, signal),
      );
    } catch (error) {
      throw options.signal.aborted ? error : AgentError.from(error);
    } finally {
      release();
    }
  }
}
