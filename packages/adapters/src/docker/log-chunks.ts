import type { LogChunk } from "@persys/core";
import type { LogEntry, LogStream } from "./log-frames.ts";

const newline = 0x0a;

/** The most that a chunk may hold. */
const chunkBytesMax = 64 * 1024;

/** Lines this close in time share a chunk, which has one time: that of its first line. */
const sameTimeNs = 10_000_000n;

/** Data of one stream that waits for more. */
interface Collected {
  readonly stream: LogStream;
  readonly atNs: bigint;
  readonly parts: Buffer[];
  bytes: number;
}

/**
 * Makes chunks of the lines, and of the pieces of long lines, that the engine sends one by one: whole lines where they fit. Holds at most
 * one chunk and what there is of an unfinished line of each stream.
 */
export class LogChunks {
  /** Whole lines of one stream. */
  #lines: Collected | undefined;
  readonly #unfinished = new Map<LogStream, Collected>();

  /** The chunks that are complete with this entry. */
  *add({ stream, atNs, data }: LogEntry): Generator<LogChunk, void, undefined> {
    const line = this.#unfinished.get(stream) ?? { stream, atNs, parts: [], bytes: 0 };
    append(line, data);
    if (data.at(-1) === newline) {
      this.#unfinished.delete(stream);
      if (!this.#fits(line)) yield* this.lines();
      if (line.bytes > chunkBytesMax) yield* piecesOf(line);
      else if (this.#lines === undefined) this.#lines = line;
      else for (const part of line.parts) append(this.#lines, part);
    } else if (line.bytes <= chunkBytesMax) {
      this.#unfinished.set(stream, line);
    } else {
      yield* this.lines();
      yield* piecesOf(line);
      this.#unfinished.delete(stream);
    }
  }

  /** The whole lines that wait for more of them. */
  *lines(): Generator<LogChunk, void, undefined> {
    const lines = this.#lines;
    this.#lines = undefined;
    if (lines !== undefined) yield* piecesOf(lines);
  }

  /** All that waits, the beginnings of lines included: no more will come of these. */
  *all(): Generator<LogChunk, void, undefined> {
    yield* this.lines();
    const unfinished = [...this.#unfinished.values()];
    this.#unfinished.clear();
    for (const line of unfinished) yield* piecesOf(line);
  }

  #fits(line: Collected): boolean {
    const lines = this.#lines;
    if (lines === undefined) return true;
    const passedNs = line.atNs - lines.atNs;
    return (
      line.stream === lines.stream &&
      lines.bytes + line.bytes <= chunkBytesMax &&
      passedNs <= sameTimeNs &&
      passedNs >= -sameTimeNs
    );
  }
}

function append(to: Collected, data: Buffer): void {
  to.parts.push(data);
  to.bytes += data.length;
}

function* piecesOf({ stream, atNs, parts }: Collected): Generator<LogChunk, void, undefined> {
  const all = Buffer.concat(parts);
  const atMs = Number(atNs / 1_000_000n);
  for (let from = 0; from < all.length; from += chunkBytesMax)
    yield { stream, atMs, data: all.subarray(from, from + chunkBytesMax) };
}
