import { describe, expect, it } from "vitest";
import { checkGoal, Simulation } from "../support/simulation.ts";

/** Set PERSYS_SIMULATION_SEED to live through one seed again, PERSYS_SIMULATION_SEEDS to try so many from 1 on. */
const replayed = process.env["PERSYS_SIMULATION_SEED"];
const seedsWanted = Number(process.env["PERSYS_SIMULATION_SEEDS"] ?? 150);
const seedsFrom = Number(process.env["PERSYS_SIMULATION_FROM"] ?? 1);

async function liveThrough(seed: number): Promise<void> {
  const simulation = new Simulation(seed);
  try {
    await simulation.live(200);
    await simulation.heal();
    for (const id of simulation.wishes.keys()) checkGoal(simulation, id);
  } catch (error) {
    const tail = simulation.log.slice(-40).join("\n");
    throw new Error(`seed ${seed}: ${String(error)}\n${tail}`, { cause: error });
  }
}

describe("a node in trouble", () => {
  it("keeps its promises while it lasts, and becomes as wanted once it is over", async () => {
    const seeds =
      replayed === undefined
        ? Array.from({ length: seedsWanted }, (_, at) => seedsFrom + at)
        : [Number(replayed)];

    const failures: string[] = [];
    for (const seed of seeds)
      await liveThrough(seed).catch((error: unknown) => failures.push(String(error)));

    expect(
      failures.map((it) => it.slice(0, replayed ? 20000 : 600)).join("\n\n"),
      `${failures.length} of ${seeds.length} failed`,
    ).toBe("");
  }, 600_000);
});
