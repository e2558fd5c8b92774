import type { Clock } from "../ports/clock.ts";

/** Whoever watches is told of progress this often at most: a pull says much more than anyone wants to hear. */
const tellEveryMs = 1_000;

/** The last sentence of the step under way. */
export class LaneProgress {
  readonly #clock: Clock;
  readonly #tell: () => void;
  #isOpen = false;
  #sentence: string | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** What was said last; undefined while no step has said anything. */
  get sentence(): string | undefined {
    return this.#sentence;
  }

  /** A step begins. */
  begin(): void {
    this.#isOpen = true;
  }

  /** Takes a sentence; one that comes after the end of its step is not heard. */
  say(sentence: string): void {
    if (!this.#isOpen || this.#sentence === sentence) return;
    this.#sentence = sentence;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldMs < tellEveryMs) return;
    this.#toldMs = nowMs;
    this.#tell();
  }

  /** The step has ended. */
  end(): void {
    this.#isOpen = false;
    this.#sentence = undefined;
  }
}
