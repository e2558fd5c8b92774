import type { StateStore } from "@persys/core";
import { aRecord, anAction } from "../record-builder.ts";
import { SeededRandom } from "../seeded-random.ts";
import type {
  EarlierState,
  LimitedStorage,
  RemoteStorage,
  StateStoreHarness,
  StoredEntry,
} from "../store-contract/state-store-harness.ts";
import { actionFile, recordFile, ReferenceStateStore } from "./reference-state-store.ts";
import { RemoteStateStore, type RemoteStoreClass } from "./remote-state-store.ts";
import { format, seal } from "./sealed-file.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

/** A store that keeps its state on a simulated disk. */
export type DiskStoreClass = new (disk: SimulatedDisk) => StateStore;

const roomBytes = 2 ** 21;

/** What a harness is made with. */
export interface ReferenceStoreOptions {
  /** Stores the same files. Default: {@link ReferenceStateStore}. */
  readonly Store?: DiskStoreClass;
  /** The way to a server. Default: {@link RemoteStateStore}. */
  readonly Remote?: RemoteStoreClass;
}

/** A harness of the {@link ReferenceStateStore}, or of another in its place. */
export async function referenceStoreHarness(
  options: ReferenceStoreOptions = {},
): Promise<StateStoreHarness> {
  const { Store = ReferenceStateStore, Remote = RemoteStateStore } = options;
  const disk = new SimulatedDisk();
  const contentOf = (entry: StoredEntry): Uint8Array | undefined => disk.read(fileOf(entry));
  return {
    store: () => new Store(disk),
    dispose: async () => {},
    damageRecord: async (id) => {
      disk.write(recordFile(id), disk.read(recordFile(id))?.slice(0, -1));
    },
    takeOver: async () => {
      await new ReferenceStateStore(disk).open(new AbortController().signal);
    },
    stored: {
      read: async (entry) => contentOf(entry),
      write: async (entry, bytes) => disk.write(fileOf(entry), bytes),
      makeNewer: async (entry) => {
        const file = fileOf(entry);
        disk.write(file, seal(file, { later: "and other" }, format + 1));
      },
      all: async () =>
        new Map(disk.files().map((file) => [file, disk.read(file) ?? new Uint8Array()])),
    },
    losePower: async (seed) => disk.losePower(new SeededRandom(seed)),
    slowWay: async () => ({
      store: () => new Store(disk),
      hold: async () => disk.hold(),
    }),
    limited: async () => limitedStorage(Store),
    remote: async () => remoteStorage(Store, Remote),
    earlier: [earlierState(Store)],
  };
}

function limitedStorage(Store: DiskStoreClass): LimitedStorage {
  const disk = new SimulatedDisk();
  return {
    store: () => new Store(disk),
    dispose: async () => {},
    fill: async () => {
      disk.capacityBytes = usedBytesOf(disk) + roomBytes;
    },
    free: async () => {
      disk.capacityBytes = usedBytesOf(disk) + 4 * roomBytes;
    },
  };
}

function remoteStorage(Store: DiskStoreClass, Remote: RemoteStoreClass): RemoteStorage {
  const disk = new SimulatedDisk();
  const server = { isUp: true };
  return {
    store: () => new Remote(new Store(disk), server),
    dispose: async () => {},
    down: async () => {
      server.isUp = false;
    },
    up: async () => {
      server.isUp = true;
    },
  };
}

function earlierState(Store: DiskStoreClass): EarlierState {
  const records = [aRecord({ id: "web", generation: 3 })];
  const actions = [anAction({ seq: 5 })];
  return {
    name: "format 1",
    records,
    actions,
    open: async () => {
      const disk = new SimulatedDisk();
      const keep = (file: string, value: unknown): void => disk.write(file, seal(file, value, 1));
      keep("layout", { format: 1 });
      keep("epoch", 7);
      for (const record of records) keep(recordFile(record.id), record);
      for (const action of actions) keep(actionFile(action.seq), action);
      disk.sync();
      return { store: () => new Store(disk), dispose: async () => {} };
    },
  };
}

function usedBytesOf(disk: SimulatedDisk): number {
  return disk.files().reduce((sum, file) => sum + (disk.read(file)?.byteLength ?? 0), 0);
}

function fileOf(entry: StoredEntry): string {
  switch (entry.kind) {
    case "record":
      return recordFile(entry.id);
    case "action":
      return actionFile(entry.seq);
    default:
      return entry.kind;
  }
}
