import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { AgentError, type Logger } from "@persys/core";
import { isLockBusy } from "./lmdb-errors.ts";
import { type Owner, readLiveOwner, removeOwner, thisOwner, writeOwner } from "./owner-file.ts";
import type { StateFiles } from "./state-folder.ts";

/**
 * Locks that are held. Kept here because the lock goes when its database is collected as garbage.
 */
const held: Set<DatabaseSync> = new Set();

/** How long a refused opener waits for the owner to have written its name, in milliseconds. */
const namingMs = 500;

/**
 * The exclusive lock of a state folder. LMDB itself lets several processes write, so ownership is SQLite's exclusive lock on an empty file:
 * built into Node, and dropped by the kernel the moment its process ends, however it ends. Children do not inherit it.
 *
 * It is a POSIX lock: opening and closing that file anywhere else in the same process would silently drop it.
 */
export class FolderLock {
  readonly #database: DatabaseSync;
  readonly #files: StateFiles;

  private constructor(database: DatabaseSync, files: StateFiles) {
    this.#database = database;
    this.#files = files;
  }

  /**
   * Takes the lock and writes down who holds it, where there is room for that.
   * @throws {AgentError} OWNED_BY_OTHER with pid, host and sinceMs of the holder, as far as they can be told.
   */
  static async take(files: StateFiles, path: string, logger: Logger): Promise<FolderLock> {
    const database = new DatabaseSync(files.lock);
    try {
      database.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
    } catch (error) {
      database.close();
      if (!isLockBusy(error)) throw error;
      throw ownedBy(await nameOwner(files.owner), path, error);
    }
    held.add(database);
    try {
      await writeOwner(files.owner, thisOwner());
    } catch (error) {
      // The lock is what counts. A full disk that cannot take a name is no reason to leave workloads unattended.
      logger.warn("the owner of the state cannot be written down", { path, error });
    }
    return new FolderLock(database, files);
  }

  /** Gives up the lock. May be repeated. */
  async release(): Promise<void> {
    if (!held.has(this.#database)) return;
    try {
      await removeOwner(this.#files.owner);
    } finally {
      held.delete(this.#database);
      this.#database.close();
    }
  }
}

/** A new owner locks first and writes its name just after, so an answer may take a moment. */
async function nameOwner(path: string): Promise<Owner | undefined> {
  const deadlineMs = performance.now() + namingMs;
  for (;;) {
    const owner = await readLiveOwner(path);
    if (owner !== undefined || performance.now() >= deadlineMs) return owner;
    await wait(10);
  }
}

function ownedBy(owner: Owner | undefined, path: string, cause: unknown): AgentError {
  const other =
    owner === undefined
      ? "another process, which has not said which"
      : `process ${owner.pid} on ${owner.host} since ${new Date(owner.sinceMs).toISOString()}`;
  return new AgentError(
    "OWNED_BY_OTHER",
    `the state in ${path} is owned by ${other}; stop that agent first, or give this one another state folder`,
    {
      effect: "none",
      cause,
      details: {
        path,
        ...(owner === undefined
          ? {}
          : { pid: owner.pid, host: owner.host, sinceMs: owner.sinceMs }),
      },
    },
  );
}
