import type { Clock } from "../ports/clock.ts";

const sliceMs = 3;

/**
 * Lets the lanes through so that many that wake at once do not keep everything else from its turn: when a slice of work is used up, the next
 * ones go on in a later turn of the event loop. In order of arrival.
 */
export class Turnstile {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #admitting = false;
  #sliceBeganMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sliceBeganMs = clock.monotonicMs();
  }

  /** Undefined: go on at once. */
  pass(): Promise<void> | undefined {
    if (!this.#admitting && !this.#isSliceOver()) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#admitting) void this.#admit();
    });
  }

  #isSliceOver(): boolean {
    return this.#clock.monotonicMs() - this.#sliceBeganMs >= sliceMs;
  }

  async #admit(): Promise<void> {
    this.#admitting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#nextSlice();
      for (const admit of batch) {
        if (this.#isSliceOver()) await this.#nextSlice();
        admit();
        // Its work begins before the slice is measured again.
        await Promise.resolve();
      }
    }
    this.#admitting = false;
  }

  async #nextSlice(): Promise<void> {
    await this.#clock.yield();
    this.#sliceBeganMs = this.#clock.monotonicMs();
  }
}
