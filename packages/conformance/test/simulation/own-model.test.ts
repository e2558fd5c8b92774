import { describe, expect, it } from "vitest";
import { runSeeds } from "../../src/simulation/run-seeds.ts";
import { createModel } from "./modules/paper-model.ts";
import { told } from "./told.ts";

describe("a runtime of one's own under simulation", () => {
  it("is lived with, and met with every kind of trouble", async () => {
    const seeds = Array.from({ length: 20 }, (_, at) => 1 + at);
    const outcome = await runSeeds({ seeds, model: createModel, commands: 40 });

    expect(told(outcome)).toBe("");
    expect(outcome.hits.faults["workload is put away"]).toBeGreaterThan(0);
    expect(outcome.portCallsMin).toBeGreaterThanOrEqual(200);
  }, 60_000);
});
