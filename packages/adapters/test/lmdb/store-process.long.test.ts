import { expect, it } from "vitest";
import { loseNothingWhenKilled } from "./killed-commits.ts";

it("a process that is killed while it commits loses nothing it acknowledged and leaves no half batch, 20 times over", async () => {
  await expect(loseNothingWhenKilled(20)).resolves.toBeUndefined();
});
