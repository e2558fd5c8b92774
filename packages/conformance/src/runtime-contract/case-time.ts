import { setTimeout as sleep } from "node:timers/promises";

/** How a call ended. */
export type Outcome<T = unknown> = { readonly returned: T } | { readonly thrown: unknown };

/** Between two looks at what is waited for, in milliseconds. */
export const pollMs = 10;

const tickMs = 100;

/** How time passes in a case: by itself, or made by its subject. */
export class CaseTime {
  readonly #make: ((ms: number) => Promise<void>) | undefined;
  readonly #signal: AbortSignal;
  #making: Promise<void> = Promise.resolve();

  /** `make` lets time pass for the runtime; undefined: it passes by itself. `signal` aborts once the case is over. */
  constructor(make: ((ms: number) => Promise<void>) | undefined, signal: AbortSignal) {
    this.#make = make;
    this.#signal = signal;
  }

  /** Lets time pass. One after the other where it is made. @throws once the case is over. */
  async elapse(ms: number): Promise<void> {
    this.#signal.throwIfAborted();
    const make = this.#make;
    if (make === undefined) {
      await sleep(ms, undefined, { signal: this.#signal });
      return;
    }
    const passed = this.#making.then(() => make(ms));
    this.#making = passed.catch(() => {});
    await passed;
  }

  /** How a call ends, while time passes; undefined when it has not within `withinMs`. @throws once the case is over. */
  async settled<T>(call: Promise<T>, withinMs: number): Promise<Outcome<T> | undefined> {
    const ending: { outcome?: Outcome<T> } = {};
    const ended = call.then(
      (returned) => {
        ending.outcome = { returned };
      },
      (thrown: unknown) => {
        ending.outcome = { thrown };
      },
    );
    if (this.#make === undefined) await this.#within(ended, withinMs);
    else await this.#whileMade(ended, ending, withinMs);
    return ending.outcome;
  }

  /** Counts what timers tell, not the clock: a machine that is too busy for them makes nobody late. */
  async #within(ended: Promise<void>, withinMs: number): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#signal]);
    const hasEnded = ended.then(() => "ended");
    for (let waitedMs = 0; waitedMs <= withinMs; waitedMs += tickMs) {
      const tick = sleep(tickMs, "tick", { signal }).catch(() => "tick");
      if ((await Promise.race([hasEnded, tick])) === "ended") break;
      this.#signal.throwIfAborted();
    }
    over.abort();
  }

  async #whileMade(
    ended: Promise<void>,
    ending: { readonly outcome?: unknown },
    withinMs: number,
  ): Promise<void> {
    await Promise.race([ended, new Promise((resolve) => setImmediate(resolve))]);
    for (let waitedMs = 0; ending.outcome === undefined && waitedMs <= withinMs; waitedMs += pollMs)
      await this.elapse(pollMs);
  }
}
