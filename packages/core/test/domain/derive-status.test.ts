import { describe, expect, it } from "vitest";
import { actualState, deriveStatus, stampTransition } from "../../src/domain/derive-status.ts";
import type { Observation } from "../../src/domain/observation.ts";
import type { WorkloadRecord } from "../../src/domain/workload-record.ts";
import {
  exitedOf,
  failureOf,
  instanceOf,
  nowMs,
  recordOf,
  revisionOf,
  seen,
  trialOf,
} from "./builders.ts";

const live = { confirmedAtMs: nowMs };
const settled = revisionOf("r1", { settled: true, starts: 1 });
const running = recordOf({ wanted: settled, observation: seen(instanceOf("r1")) });
const waiting = trialOf({ attempts: 2, ends: 2, delayMs: 1_000, notBeforeMs: nowMs + 1_000 });
const givenUp = failureOf("NOT_SETTLED", false);

function sees(observation: Observation, record: WorkloadRecord = running): WorkloadRecord {
  return { ...record, observation };
}

describe("the actual state, first match", () => {
  const failing = { ...settled, trial: trialOf({ open: true }) };

  it("is unknown while what exists cannot be read, whatever else is so", () => {
    const record = { ...running, wanted: { ...failing, givenUp } };
    expect(actualState(record, { unreadable: failureOf("TIMEOUT") }, nowMs)).toBe("unknown");
  });

  it.each<readonly [string, WorkloadRecord, string]>([
    ["a step that failed and has not succeeded since", { ...running, wanted: failing }, "failed"],
    [
      "a stop that fails",
      { ...running, desired: "stopped", chore: trialOf({ open: true }) },
      "failed",
    ],
    [
      "a delete that fails",
      { ...running, desired: "deleted", chore: trialOf({ open: true }) },
      "failed",
    ],
    ["a back-off", { ...running, wanted: { ...settled, trial: waiting } }, "failed"],
    [
      "the first unexpected end",
      sees(seen(exitedOf("r1", 1)), {
        ...running,
        wanted: { ...settled, trial: trialOf({ ends: 1 }) },
      }),
      "pending",
    ],
    [
      "a second unexpected end, run again but not yet stayed up",
      { ...running, wanted: { ...settled, trial: trialOf({ ends: 2 }) } },
      "failed",
    ],
    ["an unhealthy instance", sees(seen(instanceOf("r1", { health: "unhealthy" }))), "failed"],
    [
      "a revision that was given up, though an older one runs",
      { ...running, wanted: revisionOf("r2", { givenUp }), fallback: settled },
      "failed",
    ],
    [
      "a revision that has not settled",
      { ...running, wanted: revisionOf("r1", { starts: 1 }) },
      "pending",
    ],
    [
      "a revision that has not settled in this generation",
      { ...running, wanted: { ...settled, unproven: true } },
      "pending",
    ],
    [
      "an older revision that still runs",
      { ...running, wanted: revisionOf("r2", { settled: true }), fallback: settled },
      "pending",
    ],
    [
      "an instance of the same revision made from another spec",
      sees(seen(instanceOf("r1", { specDigest: "v1:x" }))),
      "pending",
    ],
    ["a stop under way", { ...running, desired: "stopped" }, "pending"],
    ["a delete under way", { ...running, desired: "deleted" }, "pending"],
    ["a paused instance", sees(seen(instanceOf("r1", { state: "paused" }))), "pending"],
    [
      "a check that has not passed yet",
      sees(seen(instanceOf("r1", { health: "starting" }))),
      "pending",
    ],
    ["a settled revision that runs", running, "running"],
    ["stopped as wanted", { ...sees(seen(exitedOf("r1", 0))), desired: "stopped" }, "stopped"],
    [
      "stopped as wanted, at an older revision",
      { ...sees(seen(exitedOf("r0", 0))), desired: "stopped" },
      "stopped",
    ],
    ["absent as wanted", { ...sees(seen()), desired: "stopped" }, "stopped"],
    [
      "completed",
      { ...sees(seen(exitedOf("r1", 0))), wanted: { ...settled, completed: true } },
      "stopped",
    ],
    [
      "completed and removed by hand",
      { ...sees(seen()), wanted: { ...settled, completed: true } },
      "stopped",
    ],
    [
      "completed, but another revision still runs",
      { ...sees(seen(instanceOf("r2"))), wanted: { ...settled, completed: true } },
      "pending",
    ],
  ])("of %s", (_, record, state) => {
    expect(actualState(record, {}, nowMs)).toBe(state);
  });

  it("does not show failures of a fallback that is not what is to run", () => {
    const fallback = { ...revisionOf("r0"), trial: trialOf({ open: true }) };
    expect(actualState({ ...running, fallback }, {}, nowMs)).toBe("running");
    const unprepared = { ...running, wanted: revisionOf("r1", { prepared: false }), fallback };
    expect(actualState(unprepared, {}, nowMs)).toBe("failed");
  });
});

describe("a status", () => {
  it("shows the wanted and the observed revision", () => {
    const status = deriveStatus(
      { ...running, wanted: revisionOf("r2"), fallback: settled },
      live,
      nowMs,
    );
    expect(status).toMatchObject({ revisionId: "r2", observedRevisionId: "r1", actual: "pending" });
  });

  it("shows of a failure its reason, its attempts, whether and when it is tried again (I9)", () => {
    const record = { ...running, wanted: { ...settled, trial: waiting } };
    const status = deriveStatus(record, live, nowMs);
    expect(status.failure).toMatchObject({
      reason: "RUNTIME_ERROR",
      retryable: true,
      attempts: 2,
      nextRetryAtMs: nowMs + 1_000,
    });
  });

  it("shows no next try of what was given up", () => {
    const record = { ...running, wanted: { ...settled, givenUp, trial: waiting } };
    const { failure, metadata } = deriveStatus(record, live, nowMs);
    expect(failure).not.toHaveProperty("nextRetryAtMs");
    expect(metadata["retry_terminal"]).toBe("true");
  });

  it("shows the progress of a further try beside what failed", () => {
    const record = { ...running, wanted: { ...settled, trial: trialOf({ open: true }) } };
    const trying = { ...live, progress: "pulling 2 of 5 layers" };
    const { actual, failure, message } = deriveStatus(record, trying, nowMs);

    expect(actual).toBe("failed");
    expect(message).toBe(`${failure?.message}; tried again now: pulling 2 of 5 layers`);
    expect(deriveStatus(record, live, nowMs).message).toBe(failure?.message);
  });

  it.each([
    ["starting", "running; its health check has not passed yet"],
    ["unhealthy", "its health check fails"],
  ] as const)("shows the last output of a check that is %s", (health, sentence) => {
    const instance = (healthOutput: string) => seen(instanceOf("r1", { health, healthOutput }));
    const messageOf = (output: string) => deriveStatus(sees(instance(output)), live, nowMs).message;

    expect(messageOf("")).toBe(sentence);
    expect(messageOf("connection refused")).toBe(`${sentence}: connection refused`);
  });

  it("shows no failure while there is none", () => {
    expect(deriveStatus(running, live, nowMs)).not.toHaveProperty("failure");
  });

  it("shows why it cannot be read, and how old what it says is", () => {
    const unreadable = failureOf("RUNTIME_UNAVAILABLE");
    const status = deriveStatus(running, { confirmedAtMs: 5, unreadable }, nowMs);
    expect(status).toMatchObject({ failure: { reason: "RUNTIME_UNAVAILABLE" }, observedAtMs: 5 });
  });
});

describe("the time of the last transition", () => {
  it("moves only when the derived state does", () => {
    const after = { ...running, generation: 2 };
    expect(stampTransition(running, after, nowMs + 1)).toBe(after);
    const stopping = { ...running, desired: "stopped" } as const;
    expect(stampTransition(running, stopping, nowMs + 1).transitionAtMs).toBe(nowMs + 1);
  });
});
