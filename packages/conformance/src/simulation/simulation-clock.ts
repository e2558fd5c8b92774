import type { Clock } from "@persys/core";
import { ManualClock } from "../manual-clock.ts";

interface Waiting {
  readonly rank: number;
  readonly goOn: () => void;
}

/**
 * The time of a simulation, and the order of what happens at one moment of it. Whoever waits for a turn goes on alone: everything it sets
 * going comes to rest before the next one, that with the lowest rank, has its turn.
 */
export class SimulationClock extends ManualClock {
  readonly #waiting: Waiting[] = [];
  readonly #onRest: () => void;
  #yielding = 0;
  #hasYielded = false;

  /** `onRest` is called whenever everything has come to rest at a moment; what it throws ends the settling. */
  constructor(onRest: () => void) {
    super({ turn: untilMicrotasksHaveRun });
    this.#onRest = onRest;
  }

  /** Resolves when it is the turn of whoever waits with this rank. */
  turn(rank: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ rank, goOn: resolve });
    });
  }

  override async yield(): Promise<void> {
    this.#yielding += 1;
    await super.yield();
    this.#yielding -= 1;
    this.#hasYielded = true;
  }

  override async settle(): Promise<void> {
    await this.#comeToRest();
    for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) {
      next.goOn();
      await this.#comeToRest();
    }
    this.#onRest();
  }

  /** Whoever has yielded goes on in the same turn as whoever waits for that: only a turn in which nobody yields is the last. */
  async #comeToRest(): Promise<void> {
    do {
      this.#hasYielded = false;
      await super.settle();
    } while (this.#hasYielded || this.#yielding > 0);
  }

  #takeNext(): Waiting | undefined {
    let at = 0;
    for (const [index, { rank }] of this.#waiting.entries()) {
      if (rank < (this.#waiting[at]?.rank ?? 0)) at = index;
    }
    return this.#waiting.splice(at, 1)[0];
  }
}

/** A clock as one agent sees it. When the agent dies nothing it has set wakes any more. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  readonly #pending = new Set<() => void>();
  #isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Timers that are set: 0 once the agent has stopped and cleaned up. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  yield(): Promise<void> {
    return this.#clock.yield();
  }

  schedule(delayMs: number, wake: () => void): () => void {
    if (this.#isDead) return () => {};
    const cancel = this.#clock.schedule(delayMs, () => {
      this.#pending.delete(stop);
      wake();
    });
    const stop = (): void => {
      this.#pending.delete(stop);
      cancel();
    };
    this.#pending.add(stop);
    return stop;
  }

  /** From now on nothing wakes any more. */
  die(): void {
    this.#isDead = true;
    for (const stop of this.#pending) stop();
  }
}

/** Node runs what waits for the next tick once no promise that is ready is left, which is much cheaper than a turn of the event loop. */
function untilMicrotasksHaveRun(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
