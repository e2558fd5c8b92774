import { describe, expect, it } from "vitest";
import { simulatedModel } from "../../src/simulation/simulated-model.ts";
import { liveSeed, runSeeds } from "../../src/simulation/run-seeds.ts";
import type { Life } from "../../src/simulation/life.ts";
import { type LifeOutcome, liveThrough } from "../../src/simulation/simulated-life.ts";
import { closingLine } from "../../src/simulation/simulation-text.ts";
import { told } from "./told.ts";

const quiet = { commands: [], shuffled: false, narrow: true, events: true, resync: false } as const;

/** So many lives, always the same, in every run of the tests; `npm run sim` lives others. */
const seeds = Array.from({ length: 200 }, (_, at) => 1 + at);
const commands = 60;

describe("an agent in every kind of trouble", () => {
  it("keeps its promises while that lasts, and has everything as wanted once it is over (I1 to I12)", async () => {
    const outcome = await runSeeds({ seeds, model: simulatedModel, commands });

    expect(told(outcome)).toBe("");
    expect(closingLine(outcome, 1_000)).toContain("200 seeds, 0 violations");
    expect(outcome.workloadsMin).toBeGreaterThanOrEqual(5);
    expect(outcome.portCallsMin).toBeGreaterThanOrEqual(200);
  }, 120_000);

  it("lives the same life for the same seed, to the last line", async () => {
    const request = { model: simulatedModel, commands, trace: true };
    const [once, again] = [await liveSeed(4_711, request), await liveSeed(4_711, request)];

    expect(once.trace.length).toBeGreaterThan(200);
    expect(again.trace.join("\n")).toBe(once.trace.join("\n"));
    expect(again.hits).toEqual(once.hits);
  });

  it("lives the same life when it is born in the turn of an event", async () => {
    const delayed = ["store open"];
    const life: Life = { ...quiet, seed: 30_024_020, delayed };
    const once = await liveThrough(life, { model: simulatedModel, trace: true });
    const again = await new Promise<LifeOutcome>((resolve) => {
      setImmediate(() => resolve(liveThrough(life, { model: simulatedModel, trace: true })));
    });

    expect(again.violation?.message ?? "").toBe("");
    expect(again.trace).toEqual(once.trace);
  });
});
