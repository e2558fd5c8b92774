import type { Clock } from "../ports/clock.ts";

/** The one timer of a lane, on monotonic time. */
export class LaneTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #stop: (() => void) | undefined;
  #reachedMs: number | undefined;
  #closed = false;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Whether it is set. */
  get isSet(): boolean {
    return this.#stop !== undefined;
  }

  /**
   * Takes the wall time that was waited for and has come by the monotonic clock, whatever the wall clock says now: it may have been set back.
   * Undefined when it was taken before.
   */
  takeReachedMs(): number | undefined {
    const reachedMs = this.#reachedMs;
    this.#reachedMs = undefined;
    return reachedMs;
  }

  /** Sets it anew, to wake after `delayMs`, which is when the wall time should be `untilMs`. */
  set(delayMs: number, untilMs?: number): void {
    this.clear();
    if (this.#closed) return;
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

  /** Takes it back for good. */
  close(): void {
    this.#closed = true;
    this.clear();
  }
}
