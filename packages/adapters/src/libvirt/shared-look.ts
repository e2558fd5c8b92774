/** One look, for all who wait for it. */
interface Round<T> {
  readonly answer: PromiseWithResolvers<T>;
  readonly ending: AbortController;
  waiting: number;
}

/** What the last look has shown. */
interface Shown<T> {
  readonly value: T;
  readonly beganAtMs: number;
}

/**
 * Looks that many ask for at the same time. Each is shown what a look has found that began after it asked; all who ask during one share the next.
 * However many ask, there is one look at a time.
 */
export class SharedLook<T> {
  readonly #look: (signal: AbortSignal) => Promise<T>;
  #running: Round<T> | undefined;
  #next: Round<T> | undefined;
  #last: Shown<T> | undefined;

  /** @param look is called off once nobody waits for it any more */
  constructor(look: (signal: AbortSignal) => Promise<T>) {
    this.#look = look;
  }

  /**
   * What a look shows.
   * @param maxAgeMs how long ago it may have begun, in milliseconds; 0: not before this
   * @throws what the look throws; the signal's reason as soon as it aborts
   */
  async see(signal: AbortSignal, maxAgeMs = 0): Promise<T> {
    signal.throwIfAborted();
    const last = this.#last;
    if (maxAgeMs > 0 && last !== undefined && performance.now() - last.beganAtMs < maxAgeMs)
      return last.value;
    const round = (this.#next ??= newRound<T>());
    round.waiting += 1;
    if (this.#running === undefined) this.#begin(round);
    const called = Promise.withResolvers<never>();
    const leave = (): void => called.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([round.answer.promise, called.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
      round.waiting -= 1;
      if (round.waiting === 0) this.#leave(round);
    }
  }

  #begin(round: Round<T>): void {
    if (this.#next === round) this.#next = undefined;
    this.#running = round;
    void this.#run(round);
  }

  async #run(round: Round<T>): Promise<void> {
    const beganAtMs = performance.now();
    try {
      const value = await this.#look(round.ending.signal);
      this.#last = { value, beganAtMs };
      round.answer.resolve(value);
    } catch (error) {
      this.#last = undefined;
      round.answer.reject(error);
    } finally {
      this.#running = undefined;
      if (this.#next !== undefined) this.#begin(this.#next);
    }
  }

  /** Nobody waits for it any more. */
  #leave(round: Round<T>): void {
    if (this.#next === round) this.#next = undefined;
    else round.ending.abort();
  }
}

function newRound<T>(): Round<T> {
  const answer = Promise.withResolvers<T>();
  // Whoever waited for it may have gone.
  answer.promise.catch(() => undefined);
  return { answer, ending: new AbortController(), waiting: 0 };
}
