/** How often something may happen: `burst` times at once, and `perSecond` times a second for as long as it goes on. */
export interface RateRule {
  /** More than 0. */
  readonly perSecond: number;
  /** At least 1. */
  readonly burst: number;
}

/** Times are sums of fractions: what lies this close together is one moment. In milliseconds. */
const sameMomentMs = 1e-6;

/**
 * A bucket of tokens, kept as one number: the moment at which it would be full again (the generic cell rate algorithm of ATM, which lets
 * through exactly what a bucket does).
 */
export class Rate {
  readonly #everyMs: number;
  readonly #depthMs: number;
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor({ perSecond, burst }: RateRule) {
    this.#everyMs = 1_000 / perSecond;
    this.#depthMs = (burst - 1) * this.#everyMs;
  }

  /**
   * Takes a token where there is one: 0. Else nothing is taken, and it is told in how many milliseconds there will be one, if nobody takes it
   * before.
   */
  take(nowMs: number): number {
    const fullAtMs = Math.max(this.#fullAtMs, nowMs);
    const waitMs = fullAtMs - this.#depthMs - nowMs;
    if (waitMs > sameMomentMs) return waitMs;
    this.#fullAtMs = fullAtMs + this.#everyMs;
    return 0;
  }

  /** Whether all tokens are there, so that a new one in its place would behave alike. */
  isFull(nowMs: number): boolean {
    return this.#fullAtMs <= nowMs;
  }
}

/** A {@link Rate} for each of many names, the last used ones of which are remembered. */
export class RateByName {
  readonly #rule: RateRule;
  readonly #namesMax: number;
  /** In the order of their last use. */
  readonly #rates: Map<string, Rate> = new Map();

  constructor(rule: RateRule, namesMax: number) {
    this.#rule = rule;
    this.#namesMax = namesMax;
  }

  /** As {@link Rate.take}, of the bucket of this name. */
  take(name: string, nowMs: number): number {
    const rate = this.#rates.get(name) ?? new Rate(this.#rule);
    this.#rates.delete(name);
    this.#rates.set(name, rate);
    if (this.#rates.size > this.#namesMax) {
      const [oldest] = this.#rates.keys();
      if (oldest !== undefined) this.#rates.delete(oldest);
    }
    return rate.take(nowMs);
  }
}
