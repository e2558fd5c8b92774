import { describe, expect, it } from "vitest";
import { troublesOf } from "../support/live-through.ts";

/** Set PERSYS_SIMULATION_SEED to live through one seed again, PERSYS_SIMULATION_SEEDS to live through so many. */
const replayed = process.env["PERSYS_SIMULATION_SEED"];
const seedsWanted = Number(process.env["PERSYS_SIMULATION_SEEDS"] ?? 150);
const firstSeed = Number(process.env["PERSYS_SIMULATION_FIRST"] ?? 1);

describe("a node in every kind of trouble", () => {
  it("keeps its promises while that lasts, and has everything as wanted once it is over (I1 to I11)", async () => {
    const seeds = Array.from({ length: seedsWanted }, (_, at) => firstSeed + at);

    expect(
      replayed === undefined ? await troublesOf(seeds, 20) : await troublesOf([Number(replayed)]),
    ).toBe("");
  }, 900_000);
});
