import { expect, it } from "vitest";
import { crowdAt, dripFrom } from "./slow-clients.ts";
import type { Door } from "./victim.ts";

const doors: readonly Door[] = ["connect", "grpc"];

it.each(doors)("clients that send a byte now and then hold nobody up: %s", async (door) => {
  await dripFrom(door, 1_000, 30_000);
});

it.each(doors)("10,000 clients that say nothing hold nobody up: %s", async (door) => {
  const seen = await crowdAt(door, 10_000);
  console.log(JSON.stringify({ door, ...seen }));

  expect(seen.opened).toBe(10_000);
});
