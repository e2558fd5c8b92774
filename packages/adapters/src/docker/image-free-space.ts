import { statfs } from "node:fs/promises";
import type { DockerClient } from "./docker-client.ts";

/** How often it is looked. A failed pull gives back at once what it took, so afterwards a full disk can no longer be seen. */
const lookEveryMs = 100;

/** A disk that once had no more free than this was full: the engine writes in pieces of 32 KiB, and a few megabytes are gone between two looks. */
const fullBelowBytes = 8_388_608;

/** Watches the disk of an engine on this host for the time of a pull. Where it cannot be seen, nothing is said about it. */
export class FreeSpace {
  readonly #client: DockerClient;
  #folder: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;
  /** A disk that does not answer is not asked again. */
  #isLooking = false;
  #freeBytes: number | undefined;
  #wasFull = false;

  constructor(client: DockerClient) {
    this.#client = client;
  }

  /** Begins to look, until {@link end}. Never throws. */
  watch(signal: AbortSignal): void {
    this.#client.facts(signal).then(
      ({ rootFolder }) => {
        this.#folder = rootFolder;
        if (this.#hasEnded) return;
        this.#timer = setInterval(() => {
          if (!this.#isLooking) void this.look();
        }, lookEveryMs);
      },
      // An engine that does not answer this does not answer the pull either, and that is reported.
      () => undefined,
    );
  }

  /** Looks now. */
  async look(): Promise<void> {
    if (this.#folder === undefined) return;
    this.#isLooking = true;
    try {
      // The engine may use what is reserved for root, hence bfree.
      const { bfree, bsize, files, ffree } = await statfs(this.#folder);
      this.#freeBytes = bfree * bsize;
      // File systems without a limit of files have 0 of 0.
      if (this.#freeBytes < fullBelowBytes || (files > 0 && ffree === 0)) this.#wasFull = true;
    } catch {
      this.#folder = undefined;
    } finally {
      this.#isLooking = false;
    }
  }

  /** Whether the disk was full at any look, or has less free than `neededBytes` now. */
  hasRunOut(neededBytes: number): boolean {
    return this.#wasFull || (this.#freeBytes !== undefined && this.#freeBytes < neededBytes);
  }

  /** At the last look; undefined: never seen. */
  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  /** The folder of the engine's data; undefined: not to be seen. */
  get folder(): string | undefined {
    return this.#folder;
  }

  /** Ends the watch. Repeatable. */
  end(): void {
    this.#hasEnded = true;
    clearInterval(this.#timer);
  }
}
