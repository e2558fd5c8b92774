import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { isPresent } from "./lmdb-errors.ts";

/** The files of a state folder. */
export interface StateFiles {
  /** LMDB's data. */
  readonly data: string;
  /** Locked while owned, empty for ever. Nothing in this process may open it but {@link FolderLock}. */
  readonly lock: string;
  /** Who holds the lock. */
  readonly owner: string;
}

/** Where the files of a state folder lie. */
export function stateFilesIn(path: string): StateFiles {
  return {
    data: join(path, "data.mdb"),
    lock: join(path, "owner.lock"),
    owner: join(path, "owner.json"),
  };
}

/** Makes the folder (mode 0700) and its lock file (mode 0600) unless they exist. */
export async function makeStateFolder(path: string): Promise<StateFiles> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const files = stateFilesIn(path);
  try {
    // Only ever created here, never opened when it exists: closing it would drop a lock that this very process may hold on it.
    const created = await open(files.lock, "wx", 0o600);
    await created.close();
  } catch (error) {
    if (!isPresent(error)) throw error;
  }
  return files;
}
