import { it } from "vitest";
import { surviveKills } from "../support/crash-story.ts";

it("an agent killed 3 times at random moments loses nothing, doubles nothing and leaves nothing", async () => {
  await surviveKills(3, Number(process.env["PERSYS_TEST_SEED"] ?? Date.now() % 1_000_000));
}, 180_000);
