import { expect, it } from "vitest";
import { swapUnderLoad } from "./swap-story.ts";

it("certificates that are swapped 100 times under load cost no call", async () => {
  const report = await swapUnderLoad(100);
  const { calls, handshakes, broken } = report;
  console.log(`${calls} calls, ${handshakes} of them over new connections, ${broken} broken pairs`);

  expect(report.failures).toEqual([]);
  expect(broken).toBe(25);
  expect(calls).toBeGreaterThan(1_000);
});
