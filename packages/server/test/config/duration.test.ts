import { assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { duration, formatDuration, parseDurationMs } from "../../src/config/duration.ts";

describe("parseDurationMs", () => {
  it.each([
    ["0", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5s", 1_500],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["7d", 604_800_000],
  ])("reads %s as %d ms", (text, expectedMs) => {
    expect(parseDurationMs(text)).toBe(expectedMs);
  });

  it.each(["", "30", "s", "-5s", "5 s", "5sec", "5S", "1e3s", "1..5s", "30s!", "ms5"])(
    "refuses %j",
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined();
    },
  );

  it("reads back whatever formatDuration writes", () => {
    assert(
      property(integer({ min: 0, max: 1e12 }), (durationMs) => {
        expect(parseDurationMs(formatDuration(durationMs))).toBe(durationMs);
      }),
    );
  });
});

describe("duration", () => {
  const type = duration(1_000, 60_000);

  it("takes its bounds and refuses what lies beyond them", () => {
    expect(type.read("1s")).toEqual({ ok: true, value: 1_000 });
    expect(type.read("1m")).toEqual({ ok: true, value: 60_000 });
    expect(type.read("999ms").ok).toBe(false);
    expect(type.read("61s").ok).toBe(false);
  });

  it("says how to write a number that came without a unit", () => {
    expect(type.read(30)).toMatchObject({ rule: expect.stringContaining("write 30s if seconds") });
  });
});
