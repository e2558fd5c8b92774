import type { Clock } from "@persys/core";
import { describe, expect, it } from "vitest";
import { Turnstile } from "../../src/engine/turnstile.ts";

/** A clock whose time is the work that was done, and that counts the turns it gave. */
class WorkClock implements Clock {
  nowMs = 0;
  turns = 0;
  wallMs(): number {
    return this.nowMs;
  }
  monotonicMs(): number {
    return this.nowMs;
  }
  schedule(): () => void {
    return () => {};
  }
  async yield(): Promise<void> {
    this.turns += 1;
  }
}

describe("Turnstile", () => {
  it("lets a single caller through at once", () => {
    expect(new Turnstile(new WorkClock()).pass()).toBeUndefined();
  });

  it("gives others a turn between slices of work, and keeps the order of arrival", async () => {
    const clock = new WorkClock();
    const turnstile = new Turnstile(clock);
    clock.nowMs = 100;
    const order: number[] = [];
    const worker = async (name: number): Promise<void> => {
      await turnstile.pass();
      order.push(name);
      clock.nowMs += 1;
    };
    await Promise.all(Array.from({ length: 100 }, (_, name) => worker(name)));

    expect(order).toEqual(Array.from({ length: 100 }, (_, name) => name));
    // A hundred pieces of 1 ms: each turn lets a few through, neither one nor all.
    expect(clock.turns).toBeGreaterThanOrEqual(20);
    expect(clock.turns).toBeLessThanOrEqual(50);
  });
});
