import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import { SeededRandom } from "@persys/conformance";
import type { StoredState } from "@persys/core";
import { expect, it } from "vitest";
import type { Lack } from "../../../../scripts/closing-line-reporter.ts";
import { describeUnlessLacking } from "../../../../test/test-host.ts";
import { type DiskEvent, diskEvents } from "./disk-trace.ts";
import { StoreProcess } from "./store-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** What a disk writes at once or not at all, in bytes. */
const sectorBytes = 512;
const commits = 150;
const cuts = 60;

function lackingOfStrace(): Lack | undefined {
  return spawnSync("strace", ["--version"]).error === undefined ? undefined : "no strace";
}

/** Everything that a store did to its data file while it committed, from its opening on. */
async function recorded(): Promise<{
  readonly events: readonly DiskEvent[];
  readonly opened: number;
}> {
  const [path, traces] = [await temporaryFolder(), await temporaryFolder()];
  const trace = join(traces, "trace");
  const owner = new StoreProcess({ path, task: "load", trace });
  for (let n = 0; n < commits; n += 1) await owner.line();
  await owner.kill();
  while ((await owner.line()) !== undefined);
  const events = diskEvents(await readFile(trace, "utf8"), join(path, "data.mdb"));
  const opened = events.findIndex((each) => each.kind === "said" && each.line.startsWith("open"));
  return { events, opened };
}

/** The file as a loss of power leaves it: of what was not synced some sectors, as chance has it. */
function leftOf(events: readonly DiskEvent[], random: SeededRandom): Buffer {
  const lastSync = events.findLastIndex(({ kind }) => kind === "sync");
  const writes = events.flatMap((each, at) =>
    each.kind === "write" ? [{ ...each, at, to: each.at }] : [],
  );
  const bytesMax = Math.max(...writes.map(({ to, bytes }) => to + bytes.length));
  const file = Buffer.alloc(bytesMax);
  let length = 0;
  for (const { at, to, bytes, isSynced } of writes) {
    const isSafe = isSynced || at < lastSync;
    const share = isSafe ? 1 : random.pick([0, 0.5, 1]);
    for (let from = 0; from < bytes.length; from += sectorBytes) {
      if (!random.chance(share)) continue;
      const end = Math.min(from + sectorBytes, bytes.length);
      bytes.copy(file, to + from, from, end);
      length = Math.max(length, to + end);
    }
  }
  return file.subarray(0, length);
}

/** The generation of each writer that was acknowledged. */
function acknowledgedIn(events: readonly DiskEvent[]): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  for (const each of events) {
    const [writer = "", generation] = each.kind === "said" ? each.line.split(" ") : [];
    if (generation === undefined || writer === "open") continue;
    known.set(writer, Math.max(known.get(writer) ?? 0, Number(generation)));
  }
  return known;
}

async function openedFrom(data: Buffer): Promise<StoredState> {
  const path = await temporaryFolder();
  await writeFile(join(path, "data.mdb"), data);
  const store = new LmdbStateStore({ path, nodeId: "node-1" });
  try {
    return await store.open(new AbortController().signal);
  } finally {
    await store.close();
  }
}

describeUnlessLacking(lackingOfStrace(), "LmdbStateStore after a loss of power", () => {
  it(`has all that it acknowledged and no half batch, at ${cuts} moments`, async () => {
    const { events, opened } = await recorded();
    const seed = Number(process.env["PERSYS_TEST_SEED"] ?? Date.now() % 1_000_000);
    const random = new SeededRandom(seed);
    expect(events.filter(({ kind }) => kind === "sync").length).toBeGreaterThan(5);

    for (let cut = 0; cut < cuts; cut += 1) {
      const moment = opened + 1 + random.integer(events.length - opened);
      const before = events.slice(0, moment);
      const { records, quarantined } = await openedFrom(leftOf(before, random));

      const where = `seed ${seed}, cut ${cut}, after event ${moment}`;
      const found = new Map(records.map(({ id, generation }) => [String(id), generation]));
      expect(quarantined, where).toEqual([]);
      for (let writer = 0; writer < 16; writer += 1) {
        expect(found.get(`left-${writer}`), where).toBe(found.get(`right-${writer}`));
      }
      for (const [writer, generation] of acknowledgedIn(before)) {
        expect(found.get(`left-${writer}`), where).toBeGreaterThanOrEqual(generation);
      }
    }
  });

  it("would not have it, were a sync left out: the test can tell", async () => {
    const { events } = await recorded();
    const unsynced = events.filter(({ kind }) => kind !== "sync");
    const nothingSynced = unsynced.map((each) =>
      each.kind === "write" ? { ...each, isSynced: false } : each,
    );
    const random = new SeededRandom(1);

    const losses = await Promise.all(
      Array.from({ length: 10 }, async () => {
        try {
          const { records, quarantined } = await openedFrom(leftOf(nothingSynced, random));
          return records.length < 32 || quarantined.length > 0;
        } catch {
          return true;
        }
      }),
    );

    expect(losses).toContain(true);
  });
});
