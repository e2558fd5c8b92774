import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rate, RateByName } from "../../src/access/rate.ts";

describe("a rate", () => {
  it("lets a burst through at once, and then one after the other", () => {
    const rate = new Rate({ perSecond: 10, burst: 3 });

    expect([0, 0, 0, 0].map((at) => rate.take(at))).toEqual([0, 0, 0, 100]);
    expect(rate.take(99)).toBe(1);
    expect(rate.take(100)).toBe(0);
    expect(rate.take(100)).toBe(100);
  });

  it("has the whole burst again after a while, and not more", () => {
    const rate = new Rate({ perSecond: 10, burst: 3 });
    for (let count = 0; count < 3; count += 1) rate.take(0);

    expect(rate.isFull(299)).toBe(false);
    expect(rate.isFull(300)).toBe(true);
    const later = Array.from({ length: 5 }, () => rate.take(1_000_000));
    expect(later).toEqual([0, 0, 0, 100, 100]);
  });

  it("lets through what a bucket of tokens would, and waits no longer than it says", () => {
    const rules = fc.record({
      perSecond: fc.integer({ min: 1, max: 5_000 }),
      burst: fc.integer({ min: 1, max: 50 }),
    });
    const gapsMs = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
    fc.assert(
      fc.property(rules, gapsMs, (rule, gaps) => {
        const rate = new Rate(rule);
        let [nowMs, tokens] = [0, rule.burst];
        for (const gapMs of gaps) {
          nowMs += gapMs;
          tokens = Math.min(rule.burst, tokens + (gapMs * rule.perSecond) / 1_000);
          const isThere = tokens >= 1 - 1e-9;
          const waitMs = rate.take(nowMs);
          expect(waitMs === 0).toBe(isThere);
          if (isThere) tokens -= 1;
          else expect(waitMs).toBeCloseTo(((1 - tokens) * 1_000) / rule.perSecond, 3);
        }
      }),
      { verbose: true },
    );
  });

  it("is one for each name, of which the last used are remembered", () => {
    const rates = new RateByName({ perSecond: 1, burst: 1 }, 2);

    expect(["a", "b", "a", "c", "a", "b"].map((name) => rates.take(name, 0))).toEqual([
      0, 0, 1_000, 0, 1_000, 0,
    ]);
  });
});
