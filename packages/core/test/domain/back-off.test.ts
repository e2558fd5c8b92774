import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterPrepareSuccess,
  afterStepFailure,
  afterStepSuccess,
  afterUnexpectedEnd,
  clampedTrial,
} from "../../src/domain/back-off.ts";
import { freshTrial, type Trial } from "../../src/domain/workload-record.ts";
import { contextAt, failureOf, nowMs, trialOf } from "./builders.ts";

const failure = failureOf("EXITED");

function delaysOf(next: (trial: Trial) => Trial, count: number): readonly number[] {
  const delays: number[] = [];
  let trial = freshTrial;
  for (let tried = 0; tried < count; tried += 1) {
    trial = next(trial);
    delays.push(trial.delayMs);
  }
  return delays;
}

describe("the back-off", () => {
  it("is none after the first unexpected end, then doubles from 1 s to 5 min", () => {
    const delays = delaysOf((trial) => afterUnexpectedEnd(trial, failure, contextAt()), 12);
    expect(delays).toEqual([
      0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000,
    ]);
  });

  it("begins with 1 s after a step that failed", () => {
    const delays = delaysOf((trial) => afterStepFailure(trial, failure, contextAt()), 3);
    expect(delays).toEqual([1_000, 2_000, 4_000]);
  });

  it("stays 5 min however often a try fails", () => {
    expect(delaysOf((trial) => afterStepFailure(trial, failure, contextAt()), 2_000).at(-1)).toBe(
      300_000,
    );
  });

  it("draws the delay between half and the whole", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(50), (fraction, level) => {
        const trial = { ...freshTrial, attempts: 1, level };
        const whole = afterStepFailure(trial, failure, contextAt(nowMs, 1)).delayMs;
        const { delayMs, notBeforeMs } = afterStepFailure(
          trial,
          failure,
          contextAt(nowMs, fraction),
        );
        expect(delayMs).toBeGreaterThanOrEqual(whole / 2);
        expect(delayMs).toBeLessThanOrEqual(whole);
        expect(notBeforeMs).toBe(nowMs + delayMs);
      }),
    );
  });

  it("counts one attempt, however long the runtime is out of reach", () => {
    const outage = failureOf("RUNTIME_UNAVAILABLE");
    let trial = freshTrial;
    for (let tried = 0; tried < 5; tried += 1) trial = afterStepFailure(trial, outage, contextAt());
    expect(trial).toMatchObject({ attempts: 1, delayMs: 16_000, open: true });
    expect(afterStepFailure(trial, failure, contextAt()).attempts).toBe(2);
  });

  it("is at least as long as the runtime asks for", () => {
    expect(afterStepFailure(freshTrial, failure, contextAt(), 60_000).delayMs).toBe(60_000);
  });

  it("is a state of failure from the second unexpected end on, or from the first failed step", () => {
    const first = afterUnexpectedEnd(freshTrial, failure, contextAt());
    expect(first.open).toBe(false);
    expect(afterUnexpectedEnd(first, failure, contextAt()).open).toBe(true);
    expect(afterStepFailure(freshTrial, failure, contextAt()).open).toBe(true);
  });

  it("is remembered when the next start succeeds: only staying up ends a crash loop", () => {
    const trial = trialOf({ attempts: 4, level: 3, open: true });
    expect(afterStepSuccess(trial)).toEqual({ ...trial, open: false });
  });

  it("is forgotten when a prepare succeeds, unless a start had found nothing prepared", () => {
    expect(afterPrepareSuccess(trialOf({ failure: failureOf("NETWORK_ERROR") }))).toBe(freshTrial);
    const lost = trialOf({ failure: failureOf("NOT_PREPARED"), open: true });
    expect(afterPrepareSuccess(lost)).toBe(lost);
  });

  it("is cut to its delay when the clock was set back while the agent was down (I11)", () => {
    const trial = trialOf({ delayMs: 4_000, notBeforeMs: nowMs + 4_000 });
    expect(clampedTrial(trial, nowMs - 3_600_000).notBeforeMs).toBe(nowMs - 3_600_000 + 4_000);
    expect(clampedTrial(trial, nowMs + 1_000)).toBe(trial);
    expect(clampedTrial(trial, nowMs + 3_600_000)).toBe(trial);
  });
});
