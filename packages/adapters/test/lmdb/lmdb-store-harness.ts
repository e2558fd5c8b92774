import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import type { StateStoreHarness, StoredBytes, StoredEntry } from "@persys/conformance";
import type { WorkloadId } from "@persys/core";
import { newerEntry } from "../support/newer-entry.ts";
import { fixtureNodeId } from "../support/state-fixture.ts";
import { earlierLmdbStates } from "./lmdb-fixtures.ts";
import { withRawState } from "./raw-state.ts";
import { limitedFolder } from "./small-disk.ts";

const run = promisify(execFile);

/** A state folder of its own on the disk, for the contract of state stores. */
export async function harness(): Promise<StateStoreHarness> {
  const path = await mkdtemp(join(tmpdir(), "persys-state-"));
  const store = (): LmdbStateStore => new LmdbStateStore({ path, nodeId: fixtureNodeId });
  const limited = limitedFolder(fixtureNodeId);
  return {
    store,
    damageRecord: (id) => damageRecord(path, id),
    takeOver: () => takeOver(path),
    stored: storedIn(path),
    childProcess: {
      module: fileURLToPath(new URL("lmdb-store-child.ts", import.meta.url)),
      options: { path, nodeId: fixtureNodeId },
    },
    ...(limited === undefined ? {} : { limited }),
    earlier: earlierLmdbStates(),
    dispose: () => rm(path, { recursive: true }),
  };
}

/** Resolves when it is done; the stores of this process go on meanwhile. */
async function takeOver(path: string): Promise<void> {
  const program = fileURLToPath(new URL("take-over-program.ts", import.meta.url));
  await run(process.execPath, ["--conditions=@persys/source", program, path]);
}

function damageRecord(path: string, id: WorkloadId): Promise<void> {
  return withRawState(path, async (database) => {
    const key = keyOf({ kind: "record", id });
    const bytes = database.getBinary(key);
    if (bytes === undefined) throw new Error(`no record ${id}`);
    await database.put(key, bytes.subarray(0, -1));
  });
}

function storedIn(path: string): StoredBytes {
  const write = (entry: StoredEntry, bytes: Uint8Array): Promise<void> =>
    withRawState(path, async (database) => {
      await database.put(keyOf(entry), bytes);
    });
  return {
    write,
    read: (entry) =>
      withRawState(path, (database) => {
        const bytes = database.getBinary(keyOf(entry));
        return bytes === undefined ? undefined : Buffer.from(bytes);
      }),
    makeNewer: (entry) => write(entry, newerEntry(entry)),
    all: () =>
      withRawState(path, (database) => {
        const entries = [...database.getRange({})];
        return new Map(entries.map(({ key, value }) => [String(key), Buffer.from(value)]));
      }),
  };
}

/** The keys that the store writes, as operators know them. */
function keyOf(entry: StoredEntry): Buffer {
  switch (entry.kind) {
    case "record":
      return Buffer.from(`record/${entry.id}`);
    case "action":
      return Buffer.from(`action/${String(entry.seq).padStart(16, "0")}`);
    case "layout":
      return Buffer.from("store/about");
    case "epoch":
      return Buffer.from("store/owner");
  }
}
