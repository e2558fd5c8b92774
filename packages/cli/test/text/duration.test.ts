import { describe, expect, it } from "vitest";
import { humanDuration, parseDuration, parseMoment, rfc3339 } from "../../src/text/duration.ts";

describe("parseDuration", () => {
  it.each([
    ["90", 90_000],
    ["90s", 90_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1.5h", 5_400_000],
    ["250ms", 250],
    ["2d", 172_800_000],
    ["0", 0],
  ])("reads %s as %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "x", "5 m", "-5s", "5mm", "m", "1e3", "∞"])("takes %j for no duration", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe("parseMoment", () => {
  const nowMs = Date.UTC(2026, 0, 31, 8);

  it("counts a duration back from now", () => {
    expect(parseMoment("5m", nowMs)).toBe(nowMs - 300_000);
  });

  it("reads a time with its zone", () => {
    expect(parseMoment("2026-01-31T09:00:00+01:00", nowMs)).toBe(nowMs);
  });

  it.each(["yesterday", "5", "31", "2026-13-01", "2026"])("never takes %j for a date", (text) => {
    const moment = parseMoment(text, nowMs);

    expect(moment === undefined || moment === nowMs - Number(text) * 1000).toBe(true);
  });
});

describe("humanDuration", () => {
  it.each([
    [-5000, "0s"],
    [999, "0s"],
    [45_000, "45s"],
    [119_999, "119s"],
    [200_000, "3m20s"],
    [180_000, "3m"],
    [1_500_000, "25m"],
    [10_800_000, "3h"],
    [18_600_000, "5h10m"],
    [108_000_000, "30h"],
    [532_800_000, "6d4h"],
    [7_776_000_000, "90d"],
    [98_064_000_000, "3y40d"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });
});

describe("rfc3339", () => {
  it("writes moments to the second in UTC", () => {
    expect(rfc3339(Date.UTC(2026, 0, 31, 8, 0, 0, 123))).toBe("2026-01-31T08:00:00Z");
  });

  it("writes nothing for never", () => {
    expect(rfc3339(0)).toBe("");
  });
});
