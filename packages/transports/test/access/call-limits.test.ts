import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { type Admission, CallLimits, callersMax } from "../../src/access/call-limits.ts";
import { TestTime } from "./test-time.ts";

const generous = { rate: undefined, callsAtOnce: 1_000, streamsAtOnce: 1_000 };

function admitted(admission: Admission): () => void {
  if (admission.kind === "refused") throw new Error(admission.status.message);
  return admission.end;
}

const isIn = ({ kind }: Admission): boolean => kind === "admitted";

describe("limits of calls", () => {
  it("are each caller's own", () => {
    const time = new TestTime();
    const limits = new CallLimits({ ...generous, rate: { perSecond: 2, burst: 2 } }, time);

    const taken = [1, 2, 3].map(() => isIn(limits.begin("greedy", "calls")));

    expect(taken).toEqual([true, true, false]);
    expect(isIn(limits.begin("modest", "calls"))).toBe(true);
  });

  it("say truly how long to wait", () => {
    const time = new TestTime();
    const limits = new CallLimits({ ...generous, rate: { perSecond: 3, burst: 1 } }, time);
    limits.begin("bob", "calls");

    const refused = limits.begin("bob", "calls");

    expect(refused).toMatchObject({
      kind: "refused",
      status: {
        code: Code.ResourceExhausted,
        message: "bob calls more than 3 times a second; wait 334 ms",
        details: [
          { value: { reason: "TOO_MANY_CALLS" } },
          { value: { retryDelay: { seconds: 0n, nanos: 334_000_000 } } },
        ],
      },
    });
    time.nowMs = 333;
    expect(isIn(limits.begin("bob", "calls"))).toBe(false);
    time.nowMs = 334;
    expect(isIn(limits.begin("bob", "calls"))).toBe(true);
  });

  it("count calls at once, and streams apart from them", () => {
    const limits = new CallLimits(
      { rate: undefined, callsAtOnce: 2, streamsAtOnce: 1 },
      new TestTime(),
    );
    const ends = [admitted(limits.begin("bob", "calls")), admitted(limits.begin("bob", "calls"))];

    expect(limits.begin("bob", "calls")).toMatchObject({
      status: { message: "bob has 2 calls at once already; wait 1000 ms" },
    });
    expect(isIn(limits.begin("bob", "streams"))).toBe(true);
    expect(isIn(limits.begin("bob", "streams"))).toBe(false);
    ends[0]?.();
    expect(isIn(limits.begin("bob", "calls"))).toBe(true);
    expect(isIn(limits.begin("bob", "calls"))).toBe(false);
  });

  it("take nothing of the rate for what is refused", () => {
    const rules = { rate: { perSecond: 1, burst: 2 }, callsAtOnce: 1, streamsAtOnce: 1 };
    const limits = new CallLimits(rules, new TestTime());
    const end = admitted(limits.begin("bob", "calls"));
    for (let count = 0; count < 10; count += 1) limits.begin("bob", "calls");

    end();

    expect(isIn(limits.begin("bob", "calls"))).toBe(true);
  });

  it("remember a bounded number of callers, those with calls among them", () => {
    const limits = new CallLimits({ ...generous, callsAtOnce: 1 }, new TestTime());
    admitted(limits.begin("busy", "calls"));

    for (let count = 0; count < callersMax * 2; count += 1) {
      admitted(limits.begin(`caller ${count}`, "calls"))();
    }

    expect(isIn(limits.begin("busy", "calls"))).toBe(false);
  });

  it("rather forget a caller that would have no more by beginning anew", () => {
    const time = new TestTime();
    const limits = new CallLimits({ ...generous, rate: { perSecond: 1, burst: 1 } }, time);
    admitted(limits.begin("idle", "calls"))();
    time.nowMs = 2_000;
    admitted(limits.begin("spent", "calls"))();
    time.nowMs = 2_500;
    for (let count = 0; count < callersMax - 2; count += 1) {
      admitted(limits.begin(`caller ${count}`, "calls"))();
    }

    admitted(limits.begin("one more", "calls"))();

    expect(isIn(limits.begin("spent", "calls"))).toBe(false);
  });

  it("refuse further callers while as many as are remembered have calls", () => {
    const limits = new CallLimits(generous, new TestTime());
    for (let count = 0; count < callersMax; count += 1) {
      admitted(limits.begin(`caller ${count}`, "calls"));
    }

    expect(limits.begin("late", "calls")).toMatchObject({
      status: { message: expect.stringContaining("too many callers at once") },
    });
    expect(isIn(limits.begin("caller 7", "calls"))).toBe(true);
  });
});
