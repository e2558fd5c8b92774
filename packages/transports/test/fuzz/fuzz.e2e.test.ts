import { afterAll, beforeAll, describe, it } from "vitest";
import { fuzz } from "./fuzz-story.ts";
import { expectUnharmed } from "./unharmed.ts";
import { type Door, Victim } from "./victim.ts";

const doors: readonly Door[] = ["connect", "grpc"];
let victim: Victim;

beforeAll(async () => {
  victim = await Victim.start();
});

afterAll(() => victim.stop());

describe.each(doors)("the %s port, sent 5,000 wrong frames and requests", (door) => {
  const seed = Math.floor(Math.random() * 2 ** 31);

  it(`lives on and serves others (seed ${seed})`, async () => {
    await fuzz(victim, { door, pieces: 5_000, seed });

    await expectUnharmed(victim);
  });
});
