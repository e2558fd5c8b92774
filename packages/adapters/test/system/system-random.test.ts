import { SystemRandom } from "@persys/adapters/system";
import { describe, expect, it } from "vitest";

const random = new SystemRandom();

describe("SystemRandom", () => {
  it("draws fractions from 0 to below 1, spread evenly", () => {
    const drawn = Array.from({ length: 10_000 }, () => random.fraction());

    expect(drawn.every((each) => each >= 0 && each < 1)).toBe(true);
    const tenths = new Set(drawn.map((each) => Math.floor(each * 10)));
    expect(tenths.size).toBe(10);
  });

  it("makes ids of 22 URL-safe characters that never repeat", () => {
    const made = Array.from({ length: 10_000 }, () => random.uid());

    expect(made.every((each) => /^[A-Za-z0-9_-]{22}$/.test(each))).toBe(true);
    expect(new Set(made).size).toBe(made.length);
  });
});
