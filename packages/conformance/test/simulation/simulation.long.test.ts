import { describe, expect, it } from "vitest";
import { neverMet } from "../../src/simulation/simulation-text.ts";
import { simulatedModel } from "../../src/simulation/simulated-model.ts";
import { namesOf, runSeeds } from "../../src/simulation/run-seeds.ts";
import { told } from "./told.ts";

describe("an agent in every kind of trouble, for long", () => {
  it("keeps its promises in 2,000 lives that nobody has seen before, in which everything happens", async () => {
    const first = Date.now() % 1_000_000_000;
    const seeds = Array.from({ length: 2_000 }, (_, at) => first + at);
    const outcome = await runSeeds({ seeds, model: simulatedModel, commands: 60 });

    expect(told(outcome)).toBe("");
    expect(neverMet(outcome.hits, namesOf(simulatedModel))).toEqual([]);
  }, 900_000);
});
