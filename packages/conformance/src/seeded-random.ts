import type { Random } from "@persys/core";

const uidAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const uidLength = 22;

/**
 * Chance that comes out the same for the same seed, on every machine: the generator mulberry32 by Tommy Ettinger (32 bits of state, period
 * 2^32). Good enough to steer tests; never for secrets.
 */
export class SeededRandom implements Random {
  readonly seed: number;
  #state: number;

  /** `seed`: a whole number; its lower 32 bits count. */
  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  uid(): string {
    let text = "";
    for (let at = 0; at < uidLength; at += 1) text += uidAlphabet[this.integer(64)] ?? "";
    return text;
  }

  /** A whole number from 0 (included) to `end` (excluded). */
  integer(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  /** True in about `probability` (0 to 1) of the calls. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of `choices`, which must not be empty. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.integer(choices.length)] ?? choices[0];
  }
}
