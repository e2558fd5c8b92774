import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../docker/docker-errors.ts";
import { folderError } from "./compose-errors.ts";
import { endLeftCommands } from "./left-commands.ts";

const markBytes = 16;
const namePattern = /^fetch-([0-9a-f]{32})$/;

/** In milliseconds: a fetch takes a minute at most. */
const abandonedAfterMs = 300_000;

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
  readonly #remove: (folder: string) => Promise<void>;
  readonly #inUse = new Set<string>();

  /** `remove` removes a folder with all that is in it. */
  constructor(root: string, remove: (folder: string) => Promise<void> = removed) {
    this.#root = root;
    this.#remove = remove;
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
      await this.#remove(folder).catch(() => undefined);
      this.#inUse.delete(name);
    }
  }

  /**
   * Removes what is there and in no use, and ends before what still works in it. What stays keeps nothing else there. Repeatable.
   * @throws {AgentError} STORAGE_ERROR, RUNTIME_ERROR where something stays: why the first does.
   */
  async sweep(signal: AbortSignal): Promise<void> {
    await each(await namesIn(this.#root), signal, async (name) => {
      if (this.#inUse.has(name)) return;
      const mark = namePattern.exec(name)?.[1];
      if (mark !== undefined) await endLeftCommands(mark, signal);
      await this.#remove(join(this.#root, name));
    });
  }
}

/**
 * Removes what earlier versions have left in `root`, a folder that all nodes had together: only what none of them can be working in any more.
 * @throws {AgentError} STORAGE_ERROR where something stays: why the first does.
 */
export async function sweepShared(root: string, signal: AbortSignal): Promise<void> {
  await each(await namesIn(root), signal, async (name) => {
    const { mtimeMs } = await stat(join(root, name));
    if (Date.now() - mtimeMs > abandonedAfterMs) await removed(join(root, name));
  });
}

async function each(
  names: readonly string[],
  signal: AbortSignal,
  remove: (name: string) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    try {
      await remove(name);
    } catch (error) {
      signal.throwIfAborted();
      if (errnoOf(error) !== "ENOENT") failures.push(error);
    }
  }
  if (failures.length > 0) throw folderError(failures[0], "remove what a fetch has left");
}

async function namesIn(root: string): Promise<readonly string[]> {
  try {
    return await readdir(root);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw folderError(error, "see what fetches have left");
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
