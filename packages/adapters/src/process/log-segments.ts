import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { isGone } from "./process-errors.ts";

/** One of a program's two streams. */
export type LogStream = "stdout" | "stderr";

/** One file of a stream's log: all that a stream's segments hold, one after the other, is what is kept of it. */
export interface LogSegment {
  readonly stream: LogStream;
  readonly path: string;
  /** Run and segment number, both of fixed width: sorted as text they are in the order of writing. */
  readonly order: string;
}

const namePattern = /^(?<stream>stdout|stderr)\.(?<order>\d{10}\.\d{8})$/;

/** Longest piece that is read and handed out at once: what the port allows. */
export const pieceBytesMax: number = 64 * 1024;

/** The segments of a log folder, oldest first; none when the folder is missing. */
export function listSegments(folder: string, stream: LogStream): readonly LogSegment[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
  return names
    .flatMap((name) => {
      const { stream: of, order } = namePattern.exec(name)?.groups ?? {};
      return of === stream && order !== undefined
        ? [{ stream, order, path: join(folder, name) }]
        : [];
    })
    .toSorted((a, b) => (a.order < b.order ? -1 : 1));
}

/** The bytes of a segment from `offset`, at most one piece; empty at its end and when it is gone. */
export function readPiece(path: string, offset: number): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if (isGone(error)) return Buffer.alloc(0);
    throw error;
  }
  try {
    const piece = Buffer.allocUnsafe(pieceBytesMax);
    return piece.subarray(0, readSync(descriptor, piece, 0, pieceBytesMax, offset));
  } finally {
    closeSync(descriptor);
  }
}

/** When a segment was last written to, Unix milliseconds; 0 when it is gone. */
export function writtenAtMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** A place in a stream's log. */
export interface LogPosition {
  readonly order: string;
  readonly offset: number;
}

const newline = 0x0a;

/** Where the last `lines` lines begin; an unfinished last line counts as one. Undefined: at the beginning. */
export function tailPosition(
  segments: readonly LogSegment[],
  lines: number,
): LogPosition | undefined {
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  if (lines === 0) return { order: last.order, offset: sizeOf(last.path) };
  let left = lines;
  let isLastByte = true;
  for (const segment of segments.toReversed()) {
    for (let end = sizeOf(segment.path); end > 0; ) {
      const begin = Math.max(0, end - pieceBytesMax);
      const piece = readPiece(segment.path, begin).subarray(0, end - begin);
      for (let index = piece.length - 1; index >= 0; index -= 1) {
        // A line's end at the very end begins no further line.
        const isEndOfLast = isLastByte;
        isLastByte = false;
        if (piece[index] !== newline || isEndOfLast) continue;
        left -= 1;
        if (left === 0) return { order: segment.order, offset: begin + index + 1 };
      }
      end = begin;
    }
  }
  return undefined;
}
