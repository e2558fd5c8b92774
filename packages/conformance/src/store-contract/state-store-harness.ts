import type { Action, Json, StateStore, WorkloadId, WorkloadRecord } from "@persys/core";

/**
 * One entry of a storage. `layout` is where the store says in which format the whole is, `epoch` where it keeps its epoch; both may be the same.
 */
export type StoredEntry =
  | { readonly kind: "record"; readonly id: WorkloadId }
  | { readonly kind: "action"; readonly seq: number }
  | { readonly kind: "layout" | "epoch" };

/** The bytes of a storage, for whoever can get at them without the store. Used while no store is open. */
export interface StoredBytes {
  /** What is stored of the entry, all of it; undefined where there is nothing. */
  read(entry: StoredEntry): Promise<Uint8Array | undefined>;
  /** Puts other bytes in their place. */
  write(entry: StoredEntry, bytes: Uint8Array): Promise<void>;
  /** Rewrites the entry as a release with a later format would have written it: whole, and not to be understood. */
  makeNewer(entry: StoredEntry): Promise<void>;
  /** Every entry of the storage under a name of your choice, for comparison. */
  all(): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** How another process opens a store over the same storage. */
export interface ChildProcessHarness {
  /** URL or absolute path of a module with a `ChildStoreModule`'s exports. */
  readonly module: string;
  /** Handed to it, as JSON. */
  readonly options: Json;
}

/** What the module of a {@link ChildProcessHarness} exports. */
export interface ChildStoreModule {
  /** A new store over the storage that `options` tell of, not opened. */
  readonly openStore: (options: Json) => StateStore;
}

/** A storage besides that of the harness, empty at first. */
export interface ExtraStorage {
  /** A new store over it, not opened. */
  store(): StateStore;
  /** Removes it. Every store was closed. */
  dispose(): Promise<void>;
}

/** A storage that can run out of room. */
export interface LimitedStorage extends ExtraStorage {
  /** Leaves at most a few MiB of room: the case fills that with records. */
  fill(): Promise<void>;
  /** Gives back room for at least another 4 MiB. */
  free(): Promise<void>;
}

/** A storage behind a server that can be away. */
export interface RemoteStorage extends ExtraStorage {
  /** Ends the server as a crash does. Resolves once nobody answers. */
  down(): Promise<void>;
  /** Starts it again over what it has kept. Resolves once it answers. */
  up(): Promise<void>;
}

/** A way to the storage of the harness on which what was sent can be held back. */
export interface SlowWay {
  /** A new store over the storage of the harness, not opened, that uses this way. */
  store(): StateStore;
  /** From now on nothing arrives. Resolves to what lets all of it arrive, in its order. */
  hold(): Promise<() => void>;
}

/** A state as an earlier release stored it. Kept for ever. */
export interface EarlierState {
  /** For a person: which release, which format. */
  readonly name: string;
  /** A storage with just those bytes. */
  open(): Promise<ExtraStorage>;
  /** What today's release has to find in it. */
  readonly records: readonly WorkloadRecord[];
  readonly actions: readonly Action[];
}

/**
 * A storage of its own for one case, empty at first, and ways to meddle with it that a StateStore does not offer. What is optional is used by
 * some clauses only, which stay unjudged without it.
 */
export interface StateStoreHarness extends ExtraStorage {
  /** A new store over the storage, not opened. Called again after the one before was closed, it is a restart of the agent. */
  store(): StateStore;
  /** Damages the stored bytes of a record. Called while no store is open. */
  damageRecord(id: WorkloadId): Promise<void>;
  /** Takes ownership away from the open store as another agent would whose lock does not keep the first out. */
  takeOver(): Promise<void>;
  /** Removes the storage. Every store was closed. */
  dispose(): Promise<void>;
  readonly stored?: StoredBytes;
  readonly childProcess?: ChildProcessHarness;
  /**
   * Takes from the storage what a loss of power would take at this moment: all that was not synced, or any part of it, as `seed` has it. Takes
   * effect when it is called. Stores that were open do nothing any more.
   */
  readonly losePower?: (seed: number) => Promise<void>;
  readonly slowWay?: () => Promise<SlowWay>;
  readonly limited?: () => Promise<LimitedStorage>;
  readonly remote?: () => Promise<RemoteStorage>;
  readonly earlier?: readonly EarlierState[];
}
