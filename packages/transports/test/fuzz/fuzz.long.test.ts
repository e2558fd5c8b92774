import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fuzz } from "./fuzz-story.ts";
import { expectUnharmed } from "./unharmed.ts";
import { type Door, Victim } from "./victim.ts";

const doors: readonly Door[] = ["connect", "grpc"];
/** In slices, so that what has grown is seen between them. `PERSYS_TEST_FUZZ_SEED` repeats a run. */
const slices = 10;
const piecesPerSlice = 100_000;
const seed = Number(process.env["PERSYS_TEST_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 30));

let victim: Victim;

beforeAll(async () => {
  victim = await Victim.start();
});

afterAll(() => victim.stop());

describe.each(doors)("the %s port, sent 1,000,000 wrong frames and requests", (door) => {
  it.each(Array.from({ length: slices }, (_, slice) => seed + slice * piecesPerSlice))(
    "lives on and serves others (seed %i)",
    async (sliceSeed) => {
      const sent = await fuzz(victim, { door, pieces: piecesPerSlice, seed: sliceSeed });
      const { rssBytes, heapBytes } = await victim.state();
      const { calls, slowestMs } = victim.service;
      console.log(JSON.stringify({ door, ...sent, rssBytes, heapBytes, calls, slowestMs }));

      await expectUnharmed(victim);
    },
  );
});

describe("the victim", () => {
  it("was never slow without end", () => {
    expect(victim.service.slowestMs).toBeLessThan(30_000);
  });
});
