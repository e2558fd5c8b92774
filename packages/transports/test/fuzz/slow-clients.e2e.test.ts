import { expect, it } from "vitest";
import { crowdAt, dripFrom } from "./slow-clients.ts";
import type { Door } from "./victim.ts";

const doors: readonly Door[] = ["connect", "grpc"];

it.each(doors)("clients that send a byte now and then hold nobody up: %s", async (door) => {
  await dripFrom(door, 300, 500);
});

it.each(doors)("1,000 clients that say nothing hold nobody up: %s", async (door) => {
  expect((await crowdAt(door, 1_000)).opened).toBe(1_000);
});
