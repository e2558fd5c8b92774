import { describe, expect, it } from "vitest";
import { StoryMatrix } from "../../src/crash-matrix/crash-matrix.ts";
import { crashFailureLines } from "../../src/crash-matrix/matrix-text.ts";
import { SimulatedCrashWorld } from "../../src/crash-matrix/simulated-crash-world.ts";
import { crashStories } from "../../src/crash-matrix/stories.ts";

const newWorld = (): SimulatedCrashWorld => new SimulatedCrashWorld();

describe("an agent that is killed again while it recovers", () => {
  it.each(crashStories.map((story) => [story.title, story] as const))(
    "finishes %s",
    async (_, story) => {
      const { failures } = await new StoryMatrix(story, { newWorld, pairs: "all" }).run();

      expect(failures.flatMap(crashFailureLines).join("\n")).toBe("");
    },
    1_800_000,
  );
});
