import { expect } from "vitest";
import type { Victim } from "./victim.ts";

const mebibyte = 1024 * 1024;
/** Streams that nobody reads any more end with their connections. */
const patienceMs = 30_000;

/** It has not crashed, has not grown without bound, has nothing left open, and has served everybody else meanwhile. */
export async function expectUnharmed(victim: Victim): Promise<void> {
  expect(victim.isAlive).toBe(true);
  const { calls, failures } = victim.service;
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(0);
  await expect
    .poll(async () => (await victim.state()).openStreams, { timeout: patienceMs })
    .toBe(0);
  expect((await victim.state()).heapBytes).toBeLessThan(150 * mebibyte);
  expect(victim.peakBytes).toBeLessThan(600 * mebibyte);
}
