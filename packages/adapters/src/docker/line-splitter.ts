const newline = 0x0a;

/** Cuts a stream of bytes into lines, wherever its pieces end. Holds at most one line and one piece. */
export class LineSplitter {
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** Lines longer than `bytesMax` are passed over. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in this piece, without their end; undefined in the place of one that was too long. */
  *push(piece: Uint8Array): Generator<string | undefined, void, undefined> {
    let from = 0;
    for (;;) {
      const end = piece.indexOf(newline, from);
      this.#keep(piece.subarray(from, end === -1 ? piece.length : end));
      if (end === -1) return;
      const isTooLong = this.#bytes > this.#bytesMax;
      const line = isTooLong ? undefined : Buffer.concat(this.#parts).toString("utf8");
      this.#parts = [];
      this.#bytes = 0;
      yield line;
      from = end + 1;
    }
  }

  #keep(part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#bytesMax) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }
}
