import { type LogFields, silentLogger } from "@persys/core";
import { describe, expect, it } from "vitest";
import { troubleLog } from "../../src/telemetry/trouble-log.ts";

describe("troubleLog", () => {
  it("tells of trouble once in a minute, with how much it did not tell", () => {
    const told: unknown[] = [];
    const warn = (_: string, fields?: LogFields): void => void told.push(fields);
    let nowMs = 5;
    const log = troubleLog({ ...silentLogger, warn }, () => nowMs);

    log.error("export failed", new Error("ECONNREFUSED"));
    log.warn("again");
    log.info("fine");
    nowMs += 59_999;
    log.error("again");
    nowMs += 1;
    log.error("x".repeat(1_000));

    expect(told).toEqual([
      { trouble: "export failed ECONNREFUSED", untold: 0 },
      { trouble: "x".repeat(300), untold: 2 },
    ]);
  });
});
