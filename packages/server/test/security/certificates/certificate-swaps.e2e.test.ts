import { expect, it } from "vitest";
import { swapUnderLoad } from "./swap-story.ts";

it("certificates that are swapped 5 times under load cost no call", async () => {
  const { calls, failures, broken } = await swapUnderLoad(5);

  expect(failures).toEqual([]);
  expect(broken).toBe(1);
  expect(calls).toBeGreaterThan(50);
});
