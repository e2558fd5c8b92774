import { AgentError } from "@persys/core";
import { open, type RootDatabase } from "lmdb";
import { z } from "zod";
import { isInputOutput, storeError, storeFull } from "./lmdb-errors.ts";
import { hasRoomAfter } from "./space-probe.ts";
import { stateFilesIn } from "./state-folder.ts";

/** One stored entry. Both buffers belong to the caller. */
export interface StoredEntry {
  readonly key: Buffer;
  readonly value: Uint8Array;
}

/** What can be done inside a transaction. */
export interface Transaction {
  get(key: Buffer): Uint8Array | undefined;
  put(key: Buffer, value: Uint8Array): void;
  remove(key: Buffer): void;
}

/** How large the data of a store is. */
export interface StoreUsage {
  /** What the file has grown to. It does not shrink: what is not used is used again. */
  readonly fileBytes: number;
  /** What of it holds entries and LMDB's own lists. */
  readonly usedBytes: number;
}

const treeShape = z.object({
  treeBranchPageCount: z.number(),
  treeLeafPageCount: z.number(),
  overflowPages: z.number(),
});
/** What lmdb-js gives as statistics, as far as it is used; its types say nothing of it. */
const statsShape = treeShape.extend({
  pageSize: z.number(),
  lastPageNumber: z.number(),
  free: treeShape,
});
const metaPages = 2;

/** Address space for the data to begin with, in bytes; costs nothing, and LMDB maps more when the data outgrows it. */
const mapBytes = 2 ** 28;

/** How much one call of `entriesAfter` reads at most, so that it never blocks for long. */
const pageEntriesMax = 64;
const pageBytesMax = 2 ** 18;

/**
 * One LMDB environment, opened so that a resolved transaction is on disk: with `overlappingSync` off, lmdb-js answers only after fdatasync
 * and the synced write of the meta page, and a value is not visible before. Transactions are child transactions, the only kind of lmdb-js
 * that rolls back when its callback throws.
 */
export class LmdbEnvironment {
  readonly #database: RootDatabase<Uint8Array, Buffer>;
  readonly #path: string;
  #broken: AgentError | undefined;

  /**
   * Opens the environment in the folder `path`, making its files (mode 0600) when missing.
   * @throws {AgentError} STORE_UNAVAILABLE or STORE_FULL, effect none.
   */
  constructor(path: string) {
    this.#path = path;
    const options = {
      path,
      // Without this, a folder whose name has a dot would be taken for a file.
      noSubdir: false,
      // An option of lmdb-js that its types leave out.
      permissionsMode: 0o600,
      mapSize: mapBytes,
      overlappingSync: false,
      // The marker that batching puts before each turn's writes has a promise of its own that lmdb-js hands to nobody: a failed commit
      // would end the process as an unhandled rejection. Batches are grouped by the GroupCommitter anyway.
      eventTurnBatching: false,
      cache: false,
      encoding: "binary" as const,
      keyEncoding: "binary" as const,
    };
    try {
      this.#database = open<Uint8Array, Buffer>(options);
      // Slots of readers that were killed would keep old pages from being reused.
      this.#database.readerCheck();
    } catch (error) {
      throw storeError(error, { doing: "opened", effect: "none", path });
    }
  }

  /**
   * The stored value.
   * @throws {AgentError} STORE_UNAVAILABLE.
   */
  get(key: Buffer): Uint8Array | undefined {
    return this.#reading(() => this.#database.getBinary(key));
  }

  /**
   * The next entries in the order of their keys: those after `key`, or from the beginning. Some, but not all that are left; none only when
   * none are left.
   * @throws {AgentError} STORE_UNAVAILABLE.
   */
  entriesAfter(key: Buffer | undefined): readonly StoredEntry[] {
    return this.#reading(() => {
      const from = key === undefined ? {} : { start: key, exclusiveStart: true };
      const entries: StoredEntry[] = [];
      let bytes = 0;
      for (const entry of this.#database.getRange({ ...from, limit: pageEntriesMax })) {
        entries.push({ key: Buffer.from(entry.key), value: entry.value });
        bytes += entry.value.byteLength;
        if (bytes >= pageBytesMax) break;
      }
      return entries;
    });
  }

  /**
   * Runs `change` in a transaction of its own; resolved means on disk. When `change` throws, nothing of it is kept. One at a time: the
   * caller waits for one before it begins the next.
   * @throws {AgentError} STORE_UNAVAILABLE or STORE_FULL; what `change` itself threw, if that was an AgentError.
   */
  async transact(change: (transaction: Transaction) => void): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const database = this.#database;
    const transaction: Transaction = {
      get: (key) => database.getBinary(key),
      put: (key, value) => void database.put(key, value),
      remove: (key) => void database.remove(key),
    };
    try {
      await database.childTransaction(() => change(transaction));
    } catch (error) {
      throw await this.#failureOf(error);
    }
  }

  /**
   * How large the data is.
   * @throws {AgentError} STORE_UNAVAILABLE.
   */
  usage(): StoreUsage {
    return this.#reading(() => {
      const stats = statsShape.parse(this.#database.getStats());
      const pages = pagesOf(stats) + pagesOf(stats.free);
      return {
        fileBytes: (stats.lastPageNumber + 1) * stats.pageSize,
        usedBytes: (pages + metaPages) * stats.pageSize,
      };
    });
  }

  /** Closes the environment. May be repeated. */
  async close(): Promise<void> {
    await this.#database.close();
  }

  /**
   * LMDB writes the meta page last and only after everything else was synced, so a failed commit has had no effect, unless that last write
   * failed. After that one LMDB refuses every use, and a transaction begun nevertheless would hang in lmdb-js: it is never begun.
   */
  async #failureOf(error: unknown): Promise<AgentError> {
    const cause = await causeOf(error);
    try {
      this.#database.resetReadTxn();
      this.#database.getBinary(Buffer.from("store/probe"));
    } catch (panic) {
      const message = `the state in ${this.#path} cannot be used any more after a failed write: restart the agent`;
      const details = { path: this.#path };
      this.#broken = new AgentError("STORE_UNAVAILABLE", message, {
        effect: "none",
        details,
        cause: panic,
      });
      return this.#writeError(cause, "unknown");
    }
    return this.#writeError(cause, "none");
  }

  /** LMDB reports a write that was cut short as EIO, and the usual reason for that is a lack of space. */
  async #writeError(cause: unknown, effect: "none" | "unknown"): Promise<AgentError> {
    const attempt = { doing: "written", effect, path: this.#path };
    const isFull = isInputOutput(cause) && !(await hasRoomAfter(stateFilesIn(this.#path).data));
    return isFull ? storeFull(cause, attempt) : storeError(cause, attempt);
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw storeError(error, { doing: "read", effect: "none", path: this.#path });
    }
  }
}

function pagesOf(tree: z.infer<typeof treeShape>): number {
  return tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages;
}

/** lmdb-js rejects with an error whose `commitError` is a promise that rejects with the real one. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  try {
    await error.commitError;
  } catch (commitError) {
    return commitError;
  }
  return error;
}
