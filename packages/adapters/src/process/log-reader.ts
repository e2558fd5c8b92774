import type { LogChunk, LogOptions } from "@persys/core";
import {
  listSegments,
  type LogPosition,
  type LogStream,
  pieceBytesMax,
  readPiece,
  tailPosition,
  writtenAtMs,
} from "./log-segments.ts";

const newline = 0x0a;

/**
 * Reads one stream of an instance from where the options say, across its segments. A segment that was removed meanwhile is passed over: its
 * lines are lost to a reader as slow as that.
 */
export class LogReader {
  readonly #folder: string;
  readonly #stream: LogStream;
  #position: LogPosition | undefined;
  /** What has been read of a line that has not ended. */
  #unfinished: Buffer = Buffer.alloc(0);

  constructor(folder: string, stream: LogStream, options: Omit<LogOptions, "follow">) {
    this.#folder = folder;
    this.#stream = stream;
    const { tailLines, sinceMs } = options;
    const all = listSegments(folder, stream);
    // Only segments have a time: that of their last byte.
    const since = sinceMs === undefined ? all : all.filter((it) => writtenAtMs(it.path) >= sinceMs);
    const first = since[0];
    if (first !== undefined) this.#position = { order: first.order, offset: 0 };
    else if (all.length > 0) this.#position = tailPosition(all, 0);
    if (tailLines === undefined) return;
    const tail = tailPosition(since, tailLines);
    if (tail !== undefined) this.#position = tail;
  }

  /** The next lines that are there, at most one piece; undefined at the end of what has been written in whole lines. */
  next(): LogChunk | undefined {
    for (;;) {
      const segments = listSegments(this.#folder, this.#stream);
      const at = this.#position;
      const current = segments.find((it) => at === undefined || it.order >= at.order);
      if (current === undefined) return undefined;
      const offset = at !== undefined && current.order === at.order ? at.offset : 0;
      const piece = readPiece(current.path, offset);
      this.#position = { order: current.order, offset: offset + piece.length };
      if (piece.length > 0) {
        const data = this.#wholeLines(piece);
        if (data.length > 0) return { stream: this.#stream, data };
        continue;
      }
      const following = segments.find((it) => it.order > current.order);
      if (following === undefined) return undefined;
      // Written after the read above and before the next segment was begun: it has to be read once more.
      if (readPiece(current.path, offset).length > 0) continue;
      this.#position = { order: following.order, offset: 0 };
    }
  }

  /** What has been read of an unfinished line. */
  rest(): LogChunk | undefined {
    const data = this.#unfinished;
    this.#unfinished = Buffer.alloc(0);
    return data.length === 0 ? undefined : { stream: this.#stream, data };
  }

  /** Up to the last end of a line; the rest waits for more, unless the piece would become longer than one may be. */
  #wholeLines(piece: Buffer): Buffer {
    const all = this.#unfinished.length === 0 ? piece : Buffer.concat([this.#unfinished, piece]);
    const lastEnd = all.subarray(0, pieceBytesMax).lastIndexOf(newline) + 1;
    const end = lastEnd > 0 ? lastEnd : all.length >= pieceBytesMax ? pieceBytesMax : 0;
    const data = all.subarray(0, end);
    this.#unfinished = all.subarray(end);
    return data;
  }
}
