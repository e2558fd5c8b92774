import type { Clock } from "../ports/clock.ts";

/** The one timer of a lane, on monotonic time. */
export class LaneTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #stop: (() => void) | undefined;
  #reachedMs: number | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Whether it is set. */
  get isSet(): boolean {
    return this.#stop !== undefined;
  }

  /** The wall time that was waited for last and has come, whatever the wall clock says now. */
  get reachedMs(): number | undefined {
    return this.#reachedMs;
  }

  /** Sets it anew, to wake after `delayMs`, which is when the wall time should be `untilMs`. */
  set(delayMs: number, untilMs?: number): void {
    this.clear();
    this.#stop = this.#clock.schedule(Math.max(0, delayMs), () => {
      this.#stop = undefined;
      this.#reachedMs = untilMs;
      this.#wake();
    });
  }

  /** Takes it back. */
  clear(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
