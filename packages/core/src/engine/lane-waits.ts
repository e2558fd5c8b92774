import type { Observation } from "../domain/observation.ts";
import type { Step } from "../domain/step.ts";
import type { EngineContext } from "./engine-context.ts";
import type { LaneRecord } from "./lane-record.ts";
import type { LaneTimer } from "./lane-timer.ts";
import { longestWaitMs } from "./longest-wait.ts";
import type { Sight } from "./sight.ts";

/** What the waits of a lane depend on. */
export interface LaneState {
  readonly record: LaneRecord;
  readonly sight: Sight;
}

/** For how long a lane sets its timer. */
export class LaneWaits {
  readonly #context: EngineContext;
  readonly #timer: LaneTimer;
  readonly #state: LaneState;

  constructor(context: EngineContext, timer: LaneTimer, state: LaneState) {
    this.#context = context;
    this.#timer = timer;
    this.#state = state;
  }

  /** Until a wall time, or until it is worth while to look again at what cannot be read. */
  until(untilMs: number, observation: Observation): void {
    const { clock, policy, runtimeFailure } = this.#context;
    const { record, sight } = this.#state;
    if (observation.kind !== "unreadable") {
      const longestMs = longestWaitMs(record.provisional, policy.settleAfterMs);
      return this.#timer.set(Math.min(untilMs - clock.wallMs(), longestMs), untilMs);
    }
    // A runtime that answers again is listed, and the list wakes every lane.
    if (runtimeFailure(record.committed?.type ?? "") === undefined)
      this.#timer.set(sight.retryDelayMs);
  }

  /** Until the next try to store what is not stored yet, or the end of a back-off: a start may then be taken without. */
  forStore(step: Step, observation: Observation): void {
    const { retryDelayMs: delayMs } = this.#state.record;
    const isSoon = step.kind === "wait" && step.untilMs < this.#context.clock.wallMs() + delayMs;
    if (isSoon && observation.kind !== "unreadable") this.until(step.untilMs, observation);
    else this.#timer.set(delayMs);
  }
}
