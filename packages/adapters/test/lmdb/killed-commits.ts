import { LmdbStateStore } from "@persys/adapters/lmdb";
import type { StoredState } from "@persys/core";
import { expect } from "vitest";
import { StoreProcess } from "./store-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const never = new AbortController().signal;

/** Kills a process in the midst of its commits, as often as that, and reads after each time what it has left. */
export async function loseNothingWhenKilled(times: number): Promise<void> {
  const path = await temporaryFolder();
  let generations = new Map<string, number>();

  for (let round = 1; round <= times; round += 1) {
    const owner = new StoreProcess({ path, task: "load" });
    expect(await owner.line()).toBe(`open ${2 * round - 1}`);
    const acknowledged = new Map<string, number>();
    // Another number of commits each time, so that the end comes anywhere in a group.
    for (let n = 0; n < 100 + round * 37; n += 1) note(acknowledged, await owner.line());
    await owner.kill();
    for (let line = await owner.line(); line !== undefined; line = await owner.line()) {
      note(acknowledged, line);
    }

    const { epoch, records, quarantined } = await readIn(path);

    expect(epoch).toBe(2 * round);
    expect(quarantined).toEqual([]);
    generations = new Map(records.map(({ id, generation }) => [id, generation]));
    for (const [writer, generation] of acknowledged) {
      expect(generations.get(`left-${writer}`)).toBeGreaterThanOrEqual(generation);
    }
    for (let writer = 0; writer < 16; writer += 1) {
      expect(generations.get(`left-${writer}`)).toBe(generations.get(`right-${writer}`));
    }
  }
  expect(generations.size).toBe(32);
}

/** All that is in a state folder, read by an owner that goes at once. @throws {AgentError} as the store does when it is opened. */
export async function readIn(path: string): Promise<StoredState> {
  const store = new LmdbStateStore({ path, nodeId: "node-1" });
  const state = await store.open(never);
  await store.close();
  return state;
}

function note(acknowledged: Map<string, number>, line: string | undefined): void {
  const [writer = "", generation] = line?.split(" ") ?? [];
  const known = acknowledged.get(writer) ?? 0;
  if (generation !== undefined) acknowledged.set(writer, Math.max(known, Number(generation)));
}
