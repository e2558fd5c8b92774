import {
  AgentError,
  assert,
  type Logger,
  silentLogger,
  type StateStore,
  type StoredState,
  unreachable,
  type Write,
} from "@persys/core";
import { encodeBatch, type EntryWrite } from "../shared/record-codec/encode-batch.ts";
import { checkDataFile } from "./data-file-check.ts";
import { FolderLock } from "./folder-lock.ts";
import { type Change, GroupCommitter } from "./group-committer.ts";
import { LmdbEnvironment, type StoreUsage, type Transaction } from "./lmdb-environment.ts";
import { storeError } from "./lmdb-errors.ts";
import type { LmdbStateStoreOptions } from "./lmdb-options.ts";
import { loadState, type UnreadableAction } from "./load-state.ts";
import { makeStateFolder } from "./state-folder.ts";
import { actionKey, ownershipKey, recordKey } from "./store-entries.ts";
import { takeOwnership, type TakenOwnership } from "./take-ownership.ts";

const defaultWaitingBatchesMax = 40_000;

/** What is held while the store is open. */
interface Session {
  readonly environment: LmdbEnvironment;
  readonly lock: FolderLock;
  readonly committer: GroupCommitter;
}

/**
 * The state of one node in an LMDB environment of its own folder.
 *
 *     open    folder -> lock of the kernel -> look at the data file -> LMDB -> epoch + 1, durably -> read and check every entry
 *     commit  encode -> group -> one transaction: is store/owner still ours? -> write -> fdatasync
 *
 * The lock keeps a second agent on this host from owning the folder at all; the epoch, compared inside every transaction, keeps an owner
 * whose lock was lost from writing. The store may be opened again after it was closed.
 */
export class LmdbStateStore implements StateStore {
  readonly #options: LmdbStateStoreOptions;
  readonly #logger: Logger;
  #session: Session | undefined;
  /** The open or close under way: each begins when the one before has ended. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: LmdbStateStoreOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  /**
   * As the port says. A folder of another node or of a newer layout is STORE_UNAVAILABLE with fault `user`. A damaged data file is
   * STORE_UNAVAILABLE with what to do; it is not touched.
   * @throws {InvariantError} when the store is open.
   */
  open(signal: AbortSignal): Promise<StoredState> {
    return this.#inTurn(() => this.#open(signal));
  }

  async commit(batch: readonly Write[]): Promise<void> {
    const session = this.#session;
    if (session === undefined) {
      const message = `the state in ${this.#options.path} is not open`;
      throw new AgentError("STORE_UNAVAILABLE", message, { effect: "none" });
    }
    // Up to the queue without a pause, so that batches take effect in the order of the calls.
    const writes = encodeBatch(batch);
    await session.committer.commit((transaction) => {
      for (const write of writes) apply(write, transaction);
    });
  }

  /**
   * How large the data is, for metrics; undefined while the store is not open.
   * @throws {AgentError} STORE_UNAVAILABLE when LMDB cannot tell.
   */
  usage(): StoreUsage | undefined {
    return this.#session?.environment.usage();
  }

  /** As the port says. Commits called after this are refused. */
  close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    return this.#inTurn(async () => {
      // Called while the store was being opened: what that opened is closed.
      const open = session ?? this.#session;
      this.#session = undefined;
      if (open === undefined) return;
      await open.committer.settled();
      await release(open.environment, open.lock);
    });
  }

  async #open(signal: AbortSignal): Promise<StoredState> {
    assert(this.#session === undefined, "a store is opened once before it is closed");
    signal.throwIfAborted();
    const { path } = this.#options;
    let lock: FolderLock | undefined;
    let environment: LmdbEnvironment | undefined;
    try {
      const files = await makeStateFolder(path);
      lock = await FolderLock.take(files, path, this.#logger);
      const { paddedBytes } = await checkDataFile(files.data, path);
      if (paddedBytes > 0) {
        this.#logger.warn("the data file was shorter than it says", { path, paddedBytes });
      }
      environment = new LmdbEnvironment(path);
      return await this.#load(environment, lock, signal);
    } catch (error) {
      await release(environment, lock);
      if (signal.aborted && error === signal.reason) throw error;
      throw storeError(error, { doing: "opened", effect: "none", path });
    }
  }

  async #load(
    environment: LmdbEnvironment,
    lock: FolderLock,
    signal: AbortSignal,
  ): Promise<StoredState> {
    const { path, nodeId, waitingBatchesMax = defaultWaitingBatchesMax } = this.#options;
    const logger = this.#logger;
    const ownership = await takeOwnership({ environment, nodeId, path, logger, signal });
    const { unreadableActions, ...state } = await loadState(environment, signal);
    const committer = new GroupCommitter(
      (change) => environment.transact(guarded(change, ownership)),
      waitingBatchesMax,
    );
    for (const { id, why } of state.quarantined) {
      logger.error("a record is quarantined: it stays as it is until its id is deleted", {
        path,
        id,
        why,
      });
    }
    await this.#dropActions(committer, unreadableActions);
    signal.throwIfAborted();
    this.#session = { environment, lock, committer };
    return { epoch: ownership.epoch, ...state };
  }

  /** Damaged history is no reason not to start, and keeping it would let it grow for ever: it is removed, with a warning each. */
  async #dropActions(
    committer: GroupCommitter,
    unreadable: readonly UnreadableAction[],
  ): Promise<void> {
    const { path } = this.#options;
    for (const { seq, why, lost } of unreadable) {
      this.#logger.warn("a history entry cannot be read", { path, seq, why, removed: lost });
    }
    const lost = unreadable.filter((action) => action.lost);
    if (lost.length === 0) return;
    try {
      await committer.commit((transaction) => {
        for (const { key } of lost) transaction.remove(key);
      });
    } catch (error) {
      // They are met again at the next open.
      this.#logger.warn("damaged history entries could not be removed", { path, error });
    }
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(step);
    this.#changing = result.catch(() => {
      // Whoever called has it; the next step begins all the same.
    });
    return result;
  }
}

/** The change, unless another owner has written its entry since. */
function guarded(change: Change, ownership: TakenOwnership): Change {
  return (transaction) => {
    const stored = transaction.get(ownershipKey);
    if (stored === undefined || !ownership.entry.equals(stored)) {
      throw new AgentError("OWNERSHIP_LOST", "another owner has taken over the state", {
        effect: "none",
        details: { epoch: ownership.epoch },
      });
    }
    change(transaction);
  };
}

function apply(write: EntryWrite, transaction: Transaction): void {
  switch (write.kind) {
    case "put-record":
      transaction.put(recordKey(write.id), write.bytes);
      return;
    case "delete-record":
      transaction.remove(recordKey(write.id));
      return;
    case "put-action":
      transaction.put(actionKey(write.seq), write.bytes);
      return;
    case "delete-actions":
      for (const seq of write.seqs) transaction.remove(actionKey(seq));
      return;
    default:
      unreachable(write);
  }
}

async function release(
  environment: LmdbEnvironment | undefined,
  lock: FolderLock | undefined,
): Promise<void> {
  try {
    await environment?.close();
  } finally {
    await lock?.release();
  }
}
