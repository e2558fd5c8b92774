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

    const taken = [1, 2, 3].map(() => limits.take("greedy") === undefined);

    expect(taken).toEqual([true, true, false]);
    expect(limits.take("modest")).toBeUndefined();
  });

  it("say truly how long to wait", () => {
    const time = new TestTime();
    const limits = new CallLimits({ ...generous, rate: { perSecond: 3, burst: 1 } }, time);
    limits.take("bob");

    expect(limits.take("bob")).toMatchObject({
      code: Code.ResourceExhausted,
      message: "bob calls more than 3 times a second; wait 334 ms",
      details: [
        { value: { reason: "TOO_MANY_CALLS" } },
        { value: { retryDelay: { seconds: 0n, nanos: 334_000_000 } } },
      ],
    });
    time.nowMs = 333;
    expect(limits.take("bob")).toBeDefined();
    time.nowMs = 334;
    expect(limits.take("bob")).toBeUndefined();
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
    limits.take("idle");
    time.nowMs = 2_000;
    limits.take("spent");
    time.nowMs = 2_500;
    for (let count = 0; count < callersMax - 2; count += 1) limits.take(`caller ${count}`);

    limits.take("one more");

    expect(limits.take("spent")).toBeDefined();
  });

  it("refuse further callers while as many as are remembered have calls", () => {
    const limits = new CallLimits(generous, new TestTime());
    for (let count = 0; count < callersMax; count += 1) {
      admitted(limits.begin(`caller ${count}`, "calls"));
    }

    const told = { message: expect.stringContaining("too many callers at once") };
    expect(limits.begin("late", "calls")).toMatchObject({ status: told });
    expect(limits.take("late")).toMatchObject(told);
    expect(isIn(limits.begin("caller 7", "calls"))).toBe(true);
  });
});
