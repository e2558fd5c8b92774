import { SystemClock } from "@persys/adapters/system";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const clock = new SystemClock();

describe("SystemClock", () => {
  it("tells the wall time and a monotonic time", () => {
    const before = clock.monotonicMs();

    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1000);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(before);
  });

  it("wakes once, never before its time", async () => {
    const dueMs = clock.monotonicMs() + 20;
    const woken: number[] = [];

    // A wake alone does not keep the process alive, so a timer that does waits with it.
    const stay = setInterval(() => {}, 1000);
    await new Promise<void>((resolve) => {
      clock.schedule(20, () => {
        woken.push(clock.monotonicMs());
        resolve();
      });
    });
    clearInterval(stay);

    expect(woken).toHaveLength(1);
    expect(woken[0]).toBeGreaterThanOrEqual(dueMs);
  });

  it("lets timers that are due go first when it yields", async () => {
    const order: string[] = [];
    setImmediate(() => order.push("input"));

    await clock.yield();
    order.push("after");

    expect(order).toEqual(["input", "after"]);
  });
});

describe("SystemClock over weeks", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const dayMs = 86_400_000;

  it("waits longer than a timer can", () => {
    let woken = 0;
    clock.schedule(60 * dayMs, () => {
      woken += 1;
    });

    vi.advanceTimersByTime(59 * dayMs);
    expect(woken).toBe(0);
    vi.advanceTimersByTime(2 * dayMs);
    expect(woken).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves no timer behind when it is cancelled, early or late", () => {
    const cancel = clock.schedule(60 * dayMs, () => {
      throw new Error("cancelled wakes are never called");
    });

    vi.advanceTimersByTime(30 * dayMs);
    cancel();
    cancel();

    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60 * dayMs);
  });
});
