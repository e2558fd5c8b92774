import { ManualClock, SeededRandom } from "@persys/conformance";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("ManualClock", () => {
  it("wakes timers in the order in which they are due, whatever order they were set in", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(100), { maxLength: 60 }), async (delays) => {
        const clock = new ManualClock();
        const woken: [number, number][] = [];
        delays.forEach((delayMs, at) => {
          clock.schedule(delayMs, () => woken.push([clock.monotonicMs(), at]));
        });
        await clock.advance(100);

        const expected = delays
          .map((delayMs, at): [number, number] => [delayMs, at])
          .toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(woken).toEqual(expected);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it("wakes no cancelled timer, however many there are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ delayMs: fc.nat(50), cancel: fc.boolean() }), { minLength: 200 }),
        async (timers) => {
          const clock = new ManualClock();
          let woken = 0;
          const cancels = timers.map(({ delayMs }) => clock.schedule(delayMs, () => (woken += 1)));
          timers.forEach(({ cancel }, at) => {
            if (cancel) cancels[at]?.();
            if (cancel) cancels[at]?.();
          });
          const left = timers.filter(({ cancel }) => !cancel).length;
          expect(clock.pendingTimers).toBe(left);
          await clock.advance(50);
          expect(woken).toBe(left);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("lets what a timer set going come to rest before the next one wakes", async () => {
    const clock = new ManualClock();
    const log: string[] = [];
    const work = async (name: string): Promise<void> => {
      log.push(`${name} begins`);
      await clock.yield();
      await Promise.resolve();
      log.push(`${name} ends`);
    };
    clock.schedule(1, () => void work("a"));
    clock.schedule(1, () => void work("b"));
    await clock.advance(1);

    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  it("wakes a timer that is set while it advances, when that is due on the way", async () => {
    const clock = new ManualClock();
    const at: number[] = [];
    clock.schedule(5, () => {
      at.push(clock.monotonicMs());
      clock.schedule(5, () => at.push(clock.monotonicMs()));
    });
    await clock.advance(10);

    expect(at).toEqual([5, 10]);
    expect(clock.nextDueMs).toBeUndefined();
  });

  it("jumps the wall alone", async () => {
    const clock = new ManualClock({ wallMs: 1000 });
    await clock.advance(10);
    clock.jumpWall(-500);

    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([510, 10]);
  });

  it("stops where a condition first holds, and says when it never does", async () => {
    const clock = new ManualClock();
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.schedule(10, tick);
    };
    clock.schedule(10, tick);

    expect(await clock.advanceUntil(() => ticks === 3, 1000)).toBe(30);
    await expect(clock.advanceUntil(() => ticks === 30, 100)).rejects.toThrow("100 ms");
  });
});

function draw(seed: number): readonly string[] {
  const random = new SeededRandom(seed);
  return [random.uid(), random.uid(), String(random.fraction())];
}

describe("SeededRandom", () => {
  it("repeats itself for one seed and differs for another", () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(new Set(draw(7)).size).toBe(3);
  });

  it("spreads fractions over the whole range and never reaches 1", () => {
    const random = new SeededRandom(1);
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let draws = 0; draws < 10_000; draws += 1) {
      const bucket = Math.floor(random.fraction() * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }

    expect(buckets).toHaveLength(10);
    expect(Math.min(...buckets)).toBeGreaterThan(850);
  });
});
