import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../docker/docker-errors.ts";
import { folderError } from "./compose-errors.ts";
import { endLeftCommands } from "./left-commands.ts";

const markBytes = 16;
const namePattern = /^fetch-([0-9a-f]{32})$/;

/** Where one fetch works. */
export interface FetchPlace {
  readonly folder: string;
  /** Marks what works in it, so that it is found should its agent be gone. */
  readonly mark: string;
}

/**
 * Folders for fetches, one each, in one that is private to this agent: each is named by a random mark, which nobody else can read there. What an
 * agent that was killed has left is found by the names.
 */
export class FetchFolders {
  readonly #root: string;
  readonly #inUse = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Does `work` in a folder of its own, and removes that. What cannot be removed is left to {@link sweep}, and is no failure of `work`.
   * @throws {AgentError} STORAGE_ERROR where there can be no folder; what `work` throws.
   */
  async use<T>(work: (place: FetchPlace) => Promise<T>): Promise<T> {
    const mark = randomBytes(markBytes).toString("hex");
    const name = `fetch-${mark}`;
    const folder = join(this.#root, name);
    this.#inUse.add(name);
    try {
      await made(folder);
      return await work({ folder, mark });
    } finally {
      await removed(folder).catch(() => undefined);
      this.#inUse.delete(name);
    }
  }

  /**
   * Removes what is there and in no use, and ends before what still works in it. Repeatable.
   * @throws {AgentError} STORAGE_ERROR, RUNTIME_ERROR where something stays.
   */
  async sweep(signal: AbortSignal): Promise<void> {
    for (const name of await this.#names()) {
      signal.throwIfAborted();
      if (this.#inUse.has(name)) continue;
      const mark = namePattern.exec(name)?.[1];
      if (mark !== undefined) await endLeftCommands(mark, signal);
      try {
        await removed(join(this.#root, name));
      } catch (error) {
        throw folderError(error, "remove what a fetch has left");
      }
    }
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#root);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return [];
      throw folderError(error, "see what fetches have left");
    }
  }
}

async function made(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw folderError(error, "make a folder to fetch into");
  }
}

/** What git has started may still be writing its last file. */
async function removed(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
