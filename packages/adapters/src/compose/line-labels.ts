import type { LogChunk } from "@persys/core";

const newline = 0x0a;
/** The most that a chunk may hold. */
const chunkBytesMax = 65_536;

/** Puts a name before each line of the chunks of one container, and keeps chunks as small as they have to be. */
export class LineLabels {
  readonly #label: Buffer;
  /** Streams that are in the middle of a line. */
  readonly #open = new Set<LogChunk["stream"]>();

  constructor(name: string) {
    this.#label = Buffer.from(`${name} | `);
  }

  /** The chunk with names. */
  *add(chunk: LogChunk): Generator<LogChunk, void, undefined> {
    const data = this.#labelled(chunk);
    for (let from = 0; from < data.length; from += chunkBytesMax)
      yield { ...chunk, data: data.subarray(from, from + chunkBytesMax) };
  }

  #labelled({ stream, data }: LogChunk): Buffer {
    const parts: Buffer[] = [];
    const all = Buffer.from(data);
    for (let from = 0; from < all.length; ) {
      const end = all.indexOf(newline, from);
      const to = end === -1 ? all.length : end + 1;
      if (!this.#open.has(stream)) parts.push(this.#label);
      parts.push(all.subarray(from, to));
      if (end === -1) this.#open.add(stream);
      else this.#open.delete(stream);
      from = to;
    }
    return Buffer.concat(parts);
  }
}
