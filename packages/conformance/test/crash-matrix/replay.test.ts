import { expect, it } from "vitest";
import { StoryMatrix } from "../../src/crash-matrix/crash-matrix.ts";
import { SimulatedCrashWorld } from "../../src/crash-matrix/simulated-crash-world.ts";
import { crashStories } from "../../src/crash-matrix/stories.ts";

it("a replay at a boundary that is not there names it, what was struck before, and the last there is", async () => {
  const [story] = crashStories;
  if (story === undefined) throw new Error("there are no stories");
  const matrix = new StoryMatrix(story, { newWorld: () => new SimulatedCrashWorld() });

  const first = matrix.replay([{ boundary: 9_999, fate: "dies" }], true);
  await expect(first).rejects.toThrow(
    new RegExp(`^${story.name} has no boundary 9999: the last is \\d+$`),
  );
  const places = [
    { boundary: 1, fate: "dies" },
    { boundary: 9_999, fate: "dies" },
  ] as const;
  await expect(matrix.replay(places, true)).rejects.toThrow(
    new RegExp(`^${story.name}, struck at 1, has no boundary 9999: the last is \\d+$`),
  );
});
