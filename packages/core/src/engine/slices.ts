import type { Clock } from "../ports/clock.ts";

const sliceMs = 8;

/** Cuts a long loop into slices, so that nothing else waits long for its turn. */
export class Slices {
  readonly #clock: Clock;
  #beganMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganMs = clock.monotonicMs();
  }

  /** Lets others have a turn when this slice is used up; else goes on at once. */
  pause(): Promise<void> | undefined {
    return this.#clock.monotonicMs() - this.#beganMs < sliceMs ? undefined : this.#yield();
  }

  async #yield(): Promise<void> {
    await this.#clock.yield();
    this.#beganMs = this.#clock.monotonicMs();
  }
}
