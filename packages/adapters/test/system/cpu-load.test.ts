import { describe, expect, it } from "vitest";
import { cpuPercentBetween, cpuTimesOf } from "../../src/system/cpu-load.ts";

describe("cpuPercentBetween", () => {
  it("is the busy share of all CPUs together", () => {
    const before = cpuTimesOf([
      { times: { user: 100, nice: 0, sys: 0, idle: 100, irq: 0 } },
      { times: { user: 0, nice: 0, sys: 0, idle: 200, irq: 0 } },
    ]);
    const after = cpuTimesOf([
      { times: { user: 150, nice: 10, sys: 30, idle: 100, irq: 10 } },
      { times: { user: 0, nice: 0, sys: 0, idle: 300, irq: 0 } },
    ]);

    expect(cpuPercentBetween(before, after)).toBe(50);
  });

  it("is 0 when no time has passed, and never outside 0 to 100", () => {
    const now = { busyMs: 100, totalMs: 200 };

    expect(cpuPercentBetween(now, now)).toBe(0);
    expect(cpuPercentBetween(now, { busyMs: 90, totalMs: 210 })).toBe(0);
    expect(cpuPercentBetween(now, { busyMs: 130, totalMs: 210 })).toBe(100);
  });
});
