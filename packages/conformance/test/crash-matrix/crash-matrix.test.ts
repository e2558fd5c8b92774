import { describe, expect, it } from "vitest";
import { StoryMatrix } from "../../src/crash-matrix/crash-matrix.ts";
import { crashFailureLines } from "../../src/crash-matrix/matrix-text.ts";
import { SimulatedCrashWorld } from "../../src/crash-matrix/simulated-crash-world.ts";
import { crashStories } from "../../src/crash-matrix/stories.ts";

const newWorld = (): SimulatedCrashWorld => new SimulatedCrashWorld();

describe("an agent that is killed at any boundary between its calls", () => {
  it.each(crashStories.map((story) => [story.title, story] as const))(
    "finishes %s",
    async (_, story) => {
      // The rest is in the long form, with lives of two deaths.
      const options = { newWorld, doubts: story.isShort ?? false };
      const { failures, boundaries, runs } = await new StoryMatrix(story, options).run();

      expect(failures.flatMap(crashFailureLines).join("\n")).toBe("");
      expect(boundaries).toBeGreaterThan(5);
      expect(runs).toBeGreaterThan(boundaries);
    },
    300_000,
  );
});
