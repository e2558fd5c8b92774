import { describe, expect, it } from "vitest";
import {
  actualState,
  deriveStatus,
  exitText,
  type LiveView,
  stampTransition,
} from "../../src/domain/derive-status.ts";
import type { UsageSnapshot } from "../../src/domain/usage-snapshot.ts";
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
import { freshRevision } from "./model-revisions.ts";

const settled = revisionOf("r1", { settled: true, starts: 1 });
const running = recordOf({ wanted: settled, observation: seen(instanceOf("r1")) });
const intentTo = (step: string) => ({ step, cause: "a test", atMs: nowMs });

function messageOf(record: WorkloadRecord, live: Partial<LiveView> = {}): string {
  return deriveStatus(record, { confirmedAtMs: nowMs, ...live }, nowMs).message;
}

describe("the message of a status", () => {
  const failing = recordOf({ wanted: revisionOf("r1", { trial: trialOf({ open: true }) }) });
  const starting = { ...running, observation: seen(instanceOf("r1", { health: "starting" })) };
  const next = {
    type: "model",
    uid: "uid-2",
    desired: "running",
    wanted: freshRevision("r7"),
    labels: {},
    createdAtMs: nowMs,
  } as const;

  it.each<readonly [string, WorkloadRecord, Partial<LiveView>, string]>([
    [
      "what cannot be read",
      running,
      { unreadable: failureOf("TIMEOUT") },
      "what exists cannot be read: because of TIMEOUT",
    ],
    ["a failure", failing, {}, "because of RUNTIME_ERROR"],
    [
      "a failure that is tried again",
      failing,
      { progress: "pulling" },
      "because of RUNTIME_ERROR; tried again now: pulling",
    ],
    [
      "two revisions that were given up",
      recordOf({
        wanted: revisionOf("r2", { givenUp: failureOf("EXITED", false) }),
        fallback: { ...settled, givenUp: failureOf("NAME_CONFLICT", false) },
      }),
      {},
      "because of EXITED; but revision r1 was given up as well: because of NAME_CONFLICT",
    ],
    ["a deletion", { ...running, desired: "deleted" }, {}, "being deleted"],
    [
      "a deletion with something behind it",
      { ...running, desired: "deleted", next },
      {},
      "being deleted; revision r7 is created afterwards",
    ],
    [
      "a completed job",
      { ...running, wanted: { ...settled, completed: true }, observation: seen(exitedOf("r1", 0)) },
      {},
      "completed: it ended with exit code 0",
    ],
    [
      "what is stopped",
      { ...running, desired: "stopped", observation: seen(exitedOf("r1", 0)) },
      {},
      "stopped",
    ],
    ["what runs", running, {}, "running"],
    ["what is being stopped", { ...running, desired: "stopped" }, {}, "stopping"],
    [
      "what is prepared while stopped",
      { ...running, desired: "stopped", intent: intentTo("prepare") },
      {},
      "preparing",
    ],
    [
      "what is prepared while stopped, with progress",
      { ...running, desired: "stopped", intent: intentTo("prepare") },
      { progress: "pulling" },
      "pulling",
    ],
    ["a check to come", starting, {}, "running; its health check has not passed yet"],
    [
      "a check to come, with its output",
      {
        ...running,
        observation: seen(instanceOf("r1", { health: "starting", healthOutput: "no answer" })),
      },
      {},
      "running; its health check has not passed yet: no answer",
    ],
    [
      "what has yet to settle",
      { ...running, wanted: revisionOf("r1", { starts: 1 }) },
      {},
      "running; has yet to stay up",
    ],
    ["what is under way", recordOf(), { progress: "pulling" }, "pulling"],
    ["what was accepted", recordOf(), {}, "accepted"],
    ["a step", recordOf({ intent: intentTo("start") }), {}, "start: a test"],
    [
      "a failed check",
      {
        ...running,
        observation: seen(instanceOf("r1", { health: "unhealthy", healthOutput: "502" })),
      },
      {},
      "its health check fails: 502",
    ],
  ])("of %s", (_, record, live, message) => {
    expect(messageOf(record, live)).toBe(message);
  });
});

describe("the state stopped", () => {
  const down = recordOf({ desired: "stopped", observation: seen(exitedOf("r1", 0)) });

  it.each(["start", "replace", "restore"])("is not said while a %s may come about", (step) => {
    expect(actualState({ ...down, intent: intentTo(step) }, {}, nowMs)).toBe("pending");
  });

  it("is said of a job that has completed, whatever is set aside", () => {
    const wanted = { ...settled, completed: true };
    const observation = seen(exitedOf("r1", 0), instanceOf("r0", { kept: true }));
    expect(actualState({ ...running, wanted, observation }, {}, nowMs)).toBe("stopped");
  });

  it("is said while another step is under way", () => {
    expect(actualState({ ...down, intent: intentTo("retire") }, {}, nowMs)).toBe("stopped");
  });

  it("is not said of what is neither there nor prepared, unless it was given up", () => {
    const unprepared = recordOf({ desired: "stopped", wanted: freshRevision("r1") });
    expect(actualState(unprepared, {}, nowMs)).toBe("pending");
    const old = { ...unprepared, observation: seen(exitedOf("r0", 0)) };
    expect(actualState(old, {}, nowMs)).toBe("stopped");
  });
});

describe("what a status tells besides", () => {
  const usage: UsageSnapshot = {
    cpuPercent: 1,
    memoryBytes: 2,
    diskReadBytes: 0,
    diskWriteBytes: 0,
    netRxBytes: 0,
    netTxBytes: 0,
    collectedAtMs: nowMs,
    source: "a test",
  };

  it("is the exit of what has ended, in words", () => {
    expect(exitText({ kind: "unknown" })).toBe("unknown");
    expect(exitText({ kind: "code", code: 3 })).toBe("code 3");
    expect(exitText({ kind: "code", code: 137, oomKilled: true })).toBe("code 137 (out of memory)");
    const ended = { ...running, observation: seen(exitedOf("r1", 3)) };
    const live = { confirmedAtMs: nowMs };
    expect(deriveStatus(ended, live, nowMs).metadata).toMatchObject({ exit: "code 3" });
    expect(deriveStatus(running, live, nowMs).metadata).not.toHaveProperty("exit");
  });

  it("is its failure, with the tries of what failed", () => {
    const chore = trialOf({ attempts: 7, open: true, failure: failureOf("TIMEOUT") });
    const status = deriveStatus({ ...running, chore }, { confirmedAtMs: nowMs }, nowMs);
    expect(status.failure).toMatchObject({ reason: "TIMEOUT", attempts: 7 });
    expect(status.metadata).toMatchObject({
      failure_reason: "TIMEOUT",
      failure_message: "because of TIMEOUT",
      retry_attempts: "7",
    });
    expect(status.metadata).not.toHaveProperty("retry_terminal");
  });

  it("is no failure of what is to go or to stop anyway", () => {
    const wanted = { ...settled, givenUp: failureOf("NOT_SETTLED", false) };
    expect(actualState({ ...running, wanted, desired: "deleted" }, {}, nowMs)).toBe("pending");
    const observation = seen(instanceOf("r1", { health: "unhealthy" }));
    const stopping = { ...running, desired: "stopped", observation } as const;
    expect(actualState(stopping, {}, nowMs)).toBe("pending");
  });

  it("is no revision, no health and no retry of what is not there", () => {
    const status = deriveStatus(recordOf(), { confirmedAtMs: nowMs }, nowMs);
    expect(status).toMatchObject({ observedRevisionId: "", health: "none", restarts: 0 });
    const { health } = deriveStatus(
      { ...running, observation: seen(instanceOf("r1", { health: "healthy" })) },
      { confirmedAtMs: nowMs },
      nowMs,
    );
    expect(health).toBe("healthy");
  });

  it("is that an unhealthy workload may get well", () => {
    const observation = seen(instanceOf("r1", { health: "unhealthy" }));
    const status = deriveStatus({ ...running, observation }, { confirmedAtMs: nowMs }, nowMs);
    expect(status.failure).toMatchObject({ reason: "UNHEALTHY", retryable: true });
  });

  it("is since when what exists cannot be read", () => {
    const unreadable = { ...failureOf("TIMEOUT"), atMs: 77 };
    const live = { confirmedAtMs: nowMs, unreadable };
    expect(deriveStatus(running, live, nowMs).transitionAtMs).toBe(77);
  });

  it("is no failure while there is none", () => {
    const { metadata } = deriveStatus(running, { confirmedAtMs: nowMs }, nowMs);
    expect(Object.keys(metadata).filter((key) => /failure|retry/.test(key))).toEqual([]);
  });

  it("is a use that was measured in this run, while it can be read", () => {
    const statusWith = (live: Partial<LiveView>, record: WorkloadRecord = running): unknown =>
      deriveStatus(record, { confirmedAtMs: nowMs, ...live }, nowMs).usage;
    expect(statusWith({ usage })).toBe(usage);
    expect(statusWith({})).toBeUndefined();
    expect(statusWith({ usage, unreadable: failureOf("TIMEOUT") })).toBeUndefined();
    expect(statusWith({ usage }, recordOf())).toBeUndefined();
    const later = seen(instanceOf("r1", { startedAtMs: nowMs + 1 }));
    expect(statusWith({ usage }, { ...running, observation: later })).toBeUndefined();
    const ended = { ...running, observation: seen(exitedOf("r1", 0)) };
    expect(statusWith({ usage }, ended)).toBeUndefined();
  });
});

describe("the time of a transition", () => {
  it("is that of the creation for a new record", () => {
    const record = recordOf({ transitionAtMs: 5 });
    expect(stampTransition(undefined, record, nowMs)).toBe(record);
  });
});
