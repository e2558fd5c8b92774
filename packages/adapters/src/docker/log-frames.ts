import { AgentError } from "@persys/core";

/**
 * The form in which the engine sends the output of a container without a terminal: frames of eight bytes (the stream, three zeros, the
 * length as a big-endian number) and a payload, see "Attach to a container" in the Docker Engine API. Of logs with times, each payload is
 * one line, or one piece of at most 16 KiB of a longer line, after its time in RFC 3339 with nanoseconds and a space.
 */

/** Where a program wrote to. */
export type LogStream = "stdout" | "stderr";

/** One line as the engine keeps it, or one piece of a long line. */
export interface LogFrame {
  readonly stream: LogStream;
  readonly payload: Buffer;
}

const headerBytes = 8;

/** Far more than engines put into one: beyond it, what is read cannot be frames. */
const payloadBytesMax = 4 * 1024 * 1024;

/** By the first byte of a frame. What a program read counts as output here, as it does in the engine's own client. */
const streams: ReadonlyMap<number, LogStream | "error"> = new Map([
  [0, "stdout"],
  [1, "stdout"],
  [2, "stderr"],
  [3, "error"],
]);

/** Cuts a stream of bytes into frames, wherever its pieces end. Holds at most one frame and one piece. */
export class LogFrameReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  #wantedBytes = headerBytes;
  #stream: LogStream | "error" | undefined;

  /** Whether the pieces so far end in the middle of a frame. */
  get isInside(): boolean {
    return this.#stream !== undefined || this.#bytes > 0;
  }

  /**
   * The frames that end in this piece.
   * @throws {AgentError} RUNTIME_ERROR for what is no frame, and for the failure that the engine reports in the place of output.
   */
  *push(piece: Buffer): Generator<LogFrame, void, undefined> {
    for (let rest = piece; ; ) {
      const part = rest.subarray(0, this.#wantedBytes - this.#bytes);
      rest = rest.subarray(part.length);
      if (part.length > 0) this.#parts.push(part);
      this.#bytes += part.length;
      if (this.#bytes < this.#wantedBytes) return;
      const [first] = this.#parts;
      const all =
        this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
      this.#parts = [];
      this.#bytes = 0;
      if (this.#stream === undefined) this.#begin(all);
      else yield this.#end(this.#stream, all);
    }
  }

  #begin(header: Buffer): void {
    const stream = streams.get(header.readUInt8(0));
    const payloadBytes = header.readUInt32BE(4);
    if (stream === undefined || payloadBytes > payloadBytesMax)
      throw unreadable("it has no frames");
    this.#stream = stream;
    this.#wantedBytes = payloadBytes;
  }

  #end(stream: LogStream | "error", payload: Buffer): LogFrame {
    this.#stream = undefined;
    this.#wantedBytes = headerBytes;
    if (stream === "error") throw unreadable(payload.toString("utf8", 0, 500).trim());
    return { stream, payload };
  }
}

/** A line, or a piece of one, and when the engine received it. */
export interface LogEntry {
  readonly stream: LogStream;
  /** Unix nanoseconds. The pieces of a long line have that of the first one. */
  readonly atNs: bigint;
  readonly data: Buffer;
}

const timeForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** A time of the longest form: 19 characters, a point, 9 digits, the zone. */
const timeBytesMax = 35;
const space = 0x20;

/** Takes the time from before the data. @throws {AgentError} RUNTIME_ERROR when there is none. */
export function logEntryOf({ stream, payload }: LogFrame): LogEntry {
  const end = payload.subarray(0, timeBytesMax + 1).indexOf(space);
  const atNs = end === -1 ? undefined : nanosecondsOf(payload.toString("latin1", 0, end));
  if (atNs === undefined) throw unreadable("a line has no time");
  return { stream, atNs, data: payload.subarray(end + 1) };
}

/** Unix nanoseconds of a time in RFC 3339; undefined when it is none. */
export function nanosecondsOf(text: string): bigint | undefined {
  const [, toSeconds, fraction = "", zone] = timeForm.exec(text) ?? [];
  if (toSeconds === undefined || zone === undefined) return undefined;
  const ms = Date.parse(`${toSeconds}${zone}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** A time as the engine takes it in queries: Unix seconds with nine digits of their fraction. Earlier ones are 1970. */
export function secondsTextOf(timeNs: bigint): string {
  const perSecond = 1_000_000_000n;
  const atNs = timeNs > 0n ? timeNs : 0n;
  const fraction = String(atNs % perSecond).padStart(9, "0");
  return `${String(atNs / perSecond)}.${fraction}`;
}

function unreadable(why: string): AgentError {
  return new AgentError("RUNTIME_ERROR", `the log of the container cannot be read: ${why}`, {
    retryable: true,
  });
}
