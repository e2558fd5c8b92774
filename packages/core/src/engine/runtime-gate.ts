import { AgentError } from "../errors/agent-error.ts";
import type { Clock } from "../ports/clock.ts";
import { noTelemetry, type SpanOptions, type Telemetry } from "../ports/telemetry.ts";
import type { WorkloadRuntime } from "../ports/workload-runtime.ts";
import { callWithDeadline } from "./call-with-deadline.ts";
import { type CallKind, CallQueue } from "./call-queue.ts";
import type { EnginePolicy } from "./engine-policy.ts";
import { Turnstile } from "./turnstile.ts";

/** Looks that are quicker than this, in milliseconds, and end well are too many to be worth a span each. */
const slowLookMs = 20;

/** What a gate uses besides its runtime. */
export interface GateParts {
  readonly clock: Clock;
  readonly telemetry?: Telemetry;
}

/** How a call through the gate is made. */
export interface GateCall {
  readonly kind: CallKind;
  /** What the runtime is asked to do, such as `start`. */
  readonly operation: string;
  /** The same with the workload's id, for people. */
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
  readonly #queue: CallQueue;
  readonly #call: SpanOptions;
  readonly #look: SpanOptions;
  readonly #telemetry: Telemetry;
  readonly #abortGraceMs: number;
  readonly #turnstile: Turnstile;

  constructor(
    runtime: WorkloadRuntime,
    { clock, telemetry = noTelemetry }: GateParts,
    policy: EnginePolicy,
  ) {
    this.runtime = runtime;
    this.#telemetry = telemetry;
    const attributes = { "persys.workload.type": runtime.type };
    this.#call = { place: { kind: "inside" }, attributes };
    this.#look = { ...this.#call, leafMs: slowLookMs };
    this.#clock = clock;
    this.#turnstile = new Turnstile(clock);
    this.#abortGraceMs = policy.abortGraceMs;
    this.#queue = new CallQueue(runtime.type, { clock, telemetry }, policy);
  }

  /** How many calls of a kind wait for a place. */
  waiting(kind: CallKind): number {
    return this.#queue.waiting(kind);
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
    const release = await this.#queue.enter(options.kind, options.signal);
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
        (signal) =>
          this.#telemetry.span(
            `persys.runtime.${options.operation}`,
            options.kind === "observe" ? this.#look : this.#call,
            () => run(this.runtime, signal),
          ),
      );
    } catch (error) {
      throw options.signal.aborted ? error : AgentError.from(error);
    } finally {
      release();
    }
  }
}
