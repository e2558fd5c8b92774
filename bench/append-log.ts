import { closeSync, fdatasync, openSync, write } from "node:fs";
import { promisify } from "node:util";

const writeTo = promisify(write);
const sync = promisify(fdatasync);

/**
 * The floor of everything durable: appends to one file, each acknowledged once fdatasync has returned. Those that wait at the same time
 * share one write and one sync. It encodes its entries as JSON, because nothing that stores data gets round that.
 */
export class AppendLog {
  readonly #file: number;
  #waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  #busy = false;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  /** Resolves once `entry` is on disk. */
  append(entry: object): Promise<void> {
    const text = `${JSON.stringify(entry)}\n`;
    return new Promise((resolve) => {
      this.#waiting.push({ text, resolve });
      // A failure ends the process: there is no floor to measure then.
      if (!this.#busy) void this.#drain();
    });
  }

  close(): void {
    closeSync(this.#file);
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    // A turn for the others that are about to append.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await writeTo(this.#file, Buffer.from(batch.map(({ text }) => text).join("")));
      await sync(this.#file);
      for (const { resolve } of batch) resolve();
    }
    this.#busy = false;
  }
}
