import { describe, expect, it } from "vitest";
import { Simulation } from "../support/simulation.ts";

/** Set PERSYS_SIMULATION_SEED to live through one seed again, PERSYS_SIMULATION_SEEDS to live through so many. */
const replayed = process.env["PERSYS_SIMULATION_SEED"];
const seedsWanted = Number(process.env["PERSYS_SIMULATION_SEEDS"] ?? 150);
const firstSeed = Number(process.env["PERSYS_SIMULATION_FIRST"] ?? 1);

/** What went wrong in the life with this seed, as text; undefined when nothing did. */
async function troubleOf(seed: number): Promise<string | undefined> {
  const simulation = new Simulation(seed);
  try {
    await simulation.live(200);
    await simulation.heal();
    return undefined;
  } catch (error) {
    const lines = simulation.log.slice(replayed === undefined ? -20 : 0).join("\n");
    return `seed ${seed}: ${String(error)}\nafter:\n${lines}`;
  }
}

describe("a node in every kind of trouble", () => {
  it("keeps its promises while that lasts, and has everything as wanted once it is over (I1 to I11)", async () => {
    const seeds = Array.from({ length: seedsWanted }, (_, at) => firstSeed + at);
    const troubles: string[] = [];

    for (const seed of replayed === undefined ? seeds : [Number(replayed)]) {
      const trouble = await troubleOf(seed);
      if (trouble !== undefined) troubles.push(trouble);
    }

    expect(troubles.join("\n\n")).toBe("");
  }, 900_000);
});
