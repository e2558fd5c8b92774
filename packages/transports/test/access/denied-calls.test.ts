import { silentLogger } from "@persys/core";
import { beforeEach, describe, expect, it } from "vitest";
import { type DeniedCall, DenialLog } from "../../src/access/denied-calls.ts";
import { TestTime } from "./test-time.ts";

let time: TestTime;
let lines: Readonly<Record<string, unknown>>[];
let counted: unknown[];
let denials: DenialLog;

beforeEach(() => {
  time = new TestTime();
  lines = [];
  counted = [];
  denials = new DenialLog({
    clock: time,
    logger: { ...silentLogger, warn: (_text, facts = {}) => lines.push(facts) },
    telemetry: { count: (...what) => counted.push(what) },
  });
});

function denied(changes: Partial<DeniedCall> = {}): DeniedCall {
  return {
    identity: "bob",
    method: "ApplyWorkload",
    reason: "ROLE_TOO_LOW",
    workloadId: "web",
    message: "bob is viewer here",
    ...changes,
  };
}

describe("the log of denials", () => {
  it("remembers who was denied what, and counts what is alike", () => {
    denials.note(denied());
    time.nowMs = 5_000;
    denials.note(denied({ workloadId: "db" }));
    denials.note(denied({ traceparent: "00-1" }));

    expect(denials.list()).toEqual([
      {
        ...denied({ workloadId: "db" }),
        seq: 2,
        count: 1,
        firstAtMs: 1_005_000,
        lastAtMs: 1_005_000,
      },
      {
        ...denied({ traceparent: "00-1" }),
        seq: 3,
        count: 2,
        firstAtMs: 1_000_000,
        lastAtMs: 1_005_000,
      },
    ]);
  });

  it("remembers no more of a text than tells what it is", () => {
    const long = "x".repeat(100_000);
    denials.note(denied({ identity: long, workloadId: long, message: long }));

    expect(JSON.stringify(denials.list()).length).toBeLessThan(2_000);
    expect(JSON.stringify(lines).length).toBeLessThan(2_000);
  });

  it("counts every one by its reason, of which there are few", () => {
    denials.note(denied());
    denials.note(denied());

    const one = ["calls_refused_total", { reason: "ROLE_TOO_LOW" }];
    expect(counted).toEqual([one, one]);
  });

  it("logs once a minute for each caller and method, and then how many had no line", () => {
    for (let count = 0; count < 10; count += 1) denials.note(denied());
    denials.note(denied({ method: "DeleteWorkload" }));
    denials.note(denied({ identity: "eve" }));
    time.nowMs = 60_000;
    denials.note(denied());

    expect(lines).toEqual([
      denied(),
      { ...denied({ method: "DeleteWorkload" }), unlogged: 9 },
      denied({ identity: "eve" }),
      denied(),
    ]);
  });

  it("is bounded for one caller, whose denials push out nobody else's", () => {
    denials.note(denied({ identity: "eve" }));
    for (let count = 0; count < 10_000; count += 1)
      denials.note(denied({ workloadId: `w${count}` }));

    const all = denials.list();
    expect(all.filter(({ identity }) => identity === "bob")).toHaveLength(25);
    expect(all.at(-1)).toMatchObject({ workloadId: "w9999" });
    expect(all[0]).toMatchObject({ identity: "eve" });
  });

  it("is bounded for all, and those nobody knows push out nobody who is known", () => {
    denials.note(denied());
    for (let count = 0; count < 10_000; count += 1) {
      const { identity: _, ...unknown } = denied({ address: `192.0.${count}`, workloadId: "" });
      denials.note({ ...unknown, reason: "UNAUTHENTICATED" });
    }

    expect(denials.list()).toHaveLength(201);
    expect(denials.list()[0]).toMatchObject({ identity: "bob" });
    expect(lines.length).toBeLessThanOrEqual(31);
    denials.note(denied({ identity: "eve" }));
    expect(lines.at(-1)).toMatchObject({ identity: "eve" });
  });

  it("shortens what callers have sent", () => {
    denials.note(denied({ workloadId: "x".repeat(1_000_000), message: "y".repeat(1_000_000) }));

    const [entry] = denials.list();
    expect(entry?.workloadId).toHaveLength(129);
    expect(entry?.message).toHaveLength(513);
  });
});
