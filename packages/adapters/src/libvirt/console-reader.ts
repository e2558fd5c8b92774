import type { LogChunk, LogOptions } from "@persys/core";
import {
  type ConsoleSegment,
  consoleSegments,
  pieceBytesMax,
  readSegment,
} from "./console-segments.ts";

const newline = 0x0a;

/** A place in a log. */
interface Position {
  readonly inode: number;
  readonly offset: number;
}

/** So often a log may be renamed under one read before that is no chance any more. */
const looksMax = 16;

/**
 * Reads a console's log from where the options say, across its segments. Only segments have a time, that of their last byte: `sinceMs` gives all of
 * each in which anything is as late. What was thrown away meanwhile is passed over: its lines are lost to a reader as slow as that.
 */
export class ConsoleReader {
  /** How much there was when it was opened, in bytes: what came before the beginning included. */
  readonly openedBytes: number;
  readonly #path: string;
  #at: Position | undefined;
  /** What has been read of a line that has not ended. */
  #unfinished: Buffer = Buffer.alloc(0);

  private constructor(path: string, at: Position | undefined, openedBytes: number) {
    this.openedBytes = openedBytes;
    this.#path = path;
    this.#at = at;
  }

  /** @throws {AgentError} PERMISSION_DENIED, STORAGE_ERROR, as all reads do */
  static async open(
    path: string,
    { sinceMs, tailLines }: Omit<LogOptions, "follow">,
  ): Promise<ConsoleReader> {
    const all = await consoleSegments(path);
    const since = sinceMs === undefined ? all : all.filter((it) => it.writtenAtMs >= sinceMs);
    const first = since[0] ?? all.at(-1);
    const begin = first && { inode: first.inode, offset: since.length > 0 ? 0 : first.sizeBytes };
    const tail = tailLines === undefined ? undefined : await tailPosition(since, tailLines);
    const openedBytes = all.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    return new ConsoleReader(path, tail ?? begin, openedBytes);
  }

  /** The next lines that are there, at most one piece; undefined at the end of what has been written in whole lines. */
  async next(): Promise<LogChunk | undefined> {
    // What is held is given out before more is read, so that it stays below one piece.
    const held = this.#wholeLines(Buffer.alloc(0));
    if (held.length > 0) return { stream: "stdout", data: held };
    for (let looks = 0; looks < looksMax; looks += 1) {
      const segments = await consoleSegments(this.#path);
      const index = segments.findIndex((it) => it.inode === this.#at?.inode);
      const segment = segments[Math.max(0, index)];
      if (segment === undefined) return undefined;
      const offset = index < 0 ? 0 : (this.#at?.offset ?? 0);
      const piece = await readSegment(segment, offset);
      if (piece === undefined) continue;
      this.#at = { inode: segment.inode, offset: offset + piece.length };
      if (piece.length > 0) {
        const data = this.#wholeLines(piece);
        if (data.length > 0) return { stream: "stdout", data };
        looks = 0;
        continue;
      }
      // A segment that has a successor was read after it was written to for the last time.
      const successor = segments[Math.max(0, index) + 1];
      if (successor === undefined) return undefined;
      this.#at = { inode: successor.inode, offset: 0 };
    }
    return undefined;
  }

  /** What has been read and not been given out, an unfinished line included; one piece a call. */
  rest(): LogChunk | undefined {
    const data = this.#unfinished.subarray(0, pieceBytesMax);
    this.#unfinished = this.#unfinished.subarray(data.length);
    return data.length === 0 ? undefined : { stream: "stdout", data };
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

/** Where the last `lines` lines begin; an unfinished last line counts as one. Undefined: at the beginning. */
async function tailPosition(
  segments: readonly ConsoleSegment[],
  lines: number,
): Promise<Position | undefined> {
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  if (lines === 0) return { inode: last.inode, offset: last.sizeBytes };
  let left = lines;
  let isLastByte = true;
  for (const segment of segments.toReversed()) {
    for (let end = segment.sizeBytes; end > 0; ) {
      const begin = Math.max(0, end - pieceBytesMax);
      const piece = (await readSegment(segment, begin))?.subarray(0, end - begin);
      for (let at = (piece?.length ?? 0) - 1; at >= 0; at -= 1) {
        // A line's end at the very end begins no further line.
        const isEndOfLast = isLastByte;
        isLastByte = false;
        if (piece?.[at] !== newline || isEndOfLast) continue;
        left -= 1;
        if (left === 0) return { inode: segment.inode, offset: begin + at + 1 };
      }
      end = begin;
    }
  }
  return undefined;
}
