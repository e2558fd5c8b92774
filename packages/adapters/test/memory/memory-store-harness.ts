import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import type { StateStoreHarness, StoredEntry } from "@persys/conformance";
import { newerEntry } from "../support/newer-entry.ts";

/** A storage in memory, for the contract of state stores. */
export async function harness(): Promise<StateStoreHarness> {
  const disk = new MemoryDisk();
  return {
    store: () => new MemoryStateStore({ disk }),
    damageRecord: async (id) => {
      const bytes = disk.records.get(id);
      if (bytes === undefined) throw new Error(`no record ${id}`);
      disk.records.set(id, bytes.subarray(0, -1));
    },
    takeOver: async () => {
      await new MemoryStateStore({ disk }).open(new AbortController().signal);
    },
    stored: {
      read: async (entry) => bytesOf(disk, entry),
      write: async (entry, bytes) => put(disk, entry, bytes),
      makeNewer: async (entry) => put(disk, entry, newerEntry(entry)),
      all: async () =>
        new Map<string, Uint8Array>([
          ...[...disk.records].map(([id, bytes]) => [`record/${id}`, bytes] as const),
          ...[...disk.actions].map(([seq, bytes]) => [`action/${seq}`, bytes] as const),
        ]),
    },
    dispose: async () => {},
  };
}

/** Its layout and epoch are no bytes. */
function bytesOf(disk: MemoryDisk, entry: StoredEntry): Uint8Array | undefined {
  if (entry.kind === "record") return disk.records.get(entry.id);
  return entry.kind === "action" ? disk.actions.get(entry.seq) : undefined;
}

function put(disk: MemoryDisk, entry: StoredEntry, bytes: Uint8Array): void {
  if (entry.kind === "record") disk.records.set(entry.id, bytes);
  if (entry.kind === "action") disk.actions.set(entry.seq, bytes);
}
