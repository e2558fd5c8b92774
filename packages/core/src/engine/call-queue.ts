import type { Clock } from "../ports/clock.ts";
import type { Telemetry, TelemetryLabels } from "../ports/telemetry.ts";
import type { EnginePolicy } from "./engine-policy.ts";
import { Semaphore } from "./semaphore.ts";

/** Kinds of runtime calls, each with a budget of its own, so that pulls never delay a heal and a stuck runtime stalls nobody else. */
export type CallKind = "step" | "prepare" | "observe";

interface Budget {
  readonly places: Semaphore;
  readonly labels: TelemetryLabels;
}

/** The places for calls of one runtime, with what is measured of the lanes that wait for one. */
export class CallQueue {
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #budgets: Readonly<Record<CallKind, Budget>>;

  constructor(
    runtimeType: string,
    { clock, telemetry }: { readonly clock: Clock; readonly telemetry: Telemetry },
    policy: EnginePolicy,
  ) {
    this.#clock = clock;
    this.#telemetry = telemetry;
    const budget = (call: CallKind, places: number): Budget => ({
      places: new Semaphore(places),
      labels: { runtime_type: runtimeType, call },
    });
    this.#budgets = {
      step: budget("step", policy.stepsAtOnce),
      prepare: budget("prepare", policy.preparesAtOnce),
      observe: budget("observe", policy.observesAtOnce),
    };
    for (const it of Object.values(this.#budgets)) this.#tellDepth(it);
  }

  /** How many calls of a kind wait for a place. */
  waiting(kind: CallKind): number {
    return this.#budgets[kind].places.waiting;
  }

  /**
   * Resolves with a function that gives the place back.
   * @throws the signal's reason when it aborts first; no place is held then.
   */
  enter(kind: CallKind, signal: AbortSignal): Promise<() => void> {
    const budget = this.#budgets[kind];
    const beganMs = this.#clock.monotonicMs();
    const place = budget.places.acquire(signal);
    const hasToWait = budget.places.waiting > 0;
    if (hasToWait) this.#tellDepth(budget);
    const entered = (): void => {
      const seconds = (this.#clock.monotonicMs() - beganMs) / 1_000;
      this.#telemetry.measure("lane_queue_wait_seconds", seconds, budget.labels);
      if (hasToWait) this.#tellDepth(budget);
    };
    place.then(entered, () => this.#tellDepth(budget));
    return place;
  }

  #tellDepth({ places, labels }: Budget): void {
    this.#telemetry.gauge("lane_queue_depth", places.waiting, labels);
  }
}
