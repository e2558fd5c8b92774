import { describe, expect, it } from "vitest";
import { decideRetry } from "../../src/domain/decide-apply.ts";
import { failureOf, instanceOf, nowMs, recordOf, revisionOf, seen, trialOf } from "./builders.ts";

const stamp = { nowMs, actionSeq: 9 };
const givenUp = failureOf("NOT_SETTLED", false);

describe("a new generation", () => {
  it("forgets every failure, and that of the fallback", () => {
    const record = recordOf({
      wanted: revisionOf("r2", { givenUp, trial: trialOf() }),
      fallback: revisionOf("r1", { settled: true, givenUp, trial: trialOf() }),
      chore: trialOf(),
    });
    const after = decideRetry(record, stamp);
    expect(after).toMatchObject({ generation: 2, actionSeq: 9 });
    expect(after?.chore.attempts).toBe(0);
    for (const revision of [after?.wanted, after?.fallback]) {
      expect(revision?.trial.attempts).toBe(0);
      expect(revision).not.toHaveProperty("givenUp");
    }
  });

  it("never runs again what has completed, be it wanted or the fallback", () => {
    const job = revisionOf("r1", { restart: { kind: "no" }, completed: true, settled: true });
    const record = recordOf({ wanted: revisionOf("r2", { givenUp }), fallback: job });
    expect(decideRetry(record, stamp)?.fallback?.completed).toBe(true);
    const alone = recordOf({ wanted: job, chore: trialOf() });
    expect(decideRetry(alone, stamp)?.wanted.completed).toBe(true);
  });

  it("does not run a fallback again that was allowed one start and has failed", () => {
    const job = revisionOf("r1", { restart: { kind: "no" }, settled: true, givenUp });
    const record = recordOf({ wanted: revisionOf("r2", { givenUp }), fallback: job });
    expect(decideRetry(record, stamp)?.fallback?.givenUp).toEqual(givenUp);
  });

  it.each([undefined, "00-trace-02"])(
    "has the trace of its own request, here %s",
    (traceparent) => {
      const record = recordOf({ chore: trialOf(), traceparent: "00-trace-01" });
      const traced = traceparent === undefined ? {} : { traceparent };
      const after = decideRetry(record, { ...stamp, ...traced });
      expect(after?.traceparent).toBe(traceparent);
      expect("traceparent" in (after ?? {})).toBe("traceparent" in traced);
    },
  );

  it("runs a fallback again that was allowed one start and has not failed", () => {
    const job = revisionOf("r1", { restart: { kind: "no" }, settled: true, starts: 1 });
    const record = recordOf({ wanted: revisionOf("r2", { givenUp }), fallback: job });
    expect(decideRetry(record, stamp)?.fallback?.starts).toBe(0);
  });

  it("has what had settled prove itself again", () => {
    const wanted = revisionOf("r1", { settled: true, trial: trialOf() });
    expect(decideRetry(recordOf({ wanted }), stamp)?.wanted).toMatchObject({ unproven: true });
    const fresh = revisionOf("r1", { trial: trialOf() });
    expect(decideRetry(recordOf({ wanted: fresh }), stamp)?.wanted).not.toHaveProperty("unproven");
  });

  it("leaves a run whose end was counted already counted", () => {
    const wanted = revisionOf("r1", { starts: 2, trial: trialOf(), accountedRun: "run-of-r1" });
    const record = recordOf({ wanted, observation: seen(instanceOf("r1")) });
    expect(decideRetry(record, stamp)?.wanted.accountedRun).toBe("run-of-r1");
  });

  it("leaves a run that is under way to be judged by its end", () => {
    const record = recordOf({
      wanted: revisionOf("r1", { starts: 2, trial: trialOf() }),
      observation: seen(instanceOf("r1")),
    });
    expect(decideRetry(record, stamp)?.wanted).not.toHaveProperty("accountedRun");
  });
});
