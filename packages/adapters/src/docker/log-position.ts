import type { LogEntry, LogStream } from "./log-frames.ts";

const newline = 0x0a;

/** How far the times of one stream may be behind those of the other in the engine's log, in nanoseconds. */
const slackNs = 10_000_000_000n;

/** The last entry that was delivered of one stream. */
interface Place {
  readonly atNs: bigint;
  /** How many entries of this time were delivered: more than one for the pieces of a long line. */
  readonly count: number;
  readonly data: Buffer;
}

/**
 * How far the log of one container has been delivered, so that a reader who has to begin again goes on exactly there. The engine finds a
 * place only by time: it is asked from there on, and what was delivered already is passed over. That is also what an engine sends a second
 * time when it has begun a new file of its log meanwhile (seen with 20.10, which reads that file again from its beginning).
 */
export class LogPosition {
  readonly #floorNs: bigint | undefined;
  readonly #last = new Map<LogStream, Place>();
  /** Of the entries as they come now: the time of the last, and how many of the time of the last delivered one there were. */
  readonly #reading = new Map<LogStream, { readonly atNs: bigint; readonly count: number }>();
  #isUnbounded = true;

  /** @param floorNs nothing from before this time is wanted; undefined: all is. */
  constructor(floorNs: bigint | undefined) {
    this.#floorNs = floorNs;
  }

  /** From when on the engine is to be asked; undefined: from the beginning. */
  get sinceNs(): bigint | undefined {
    const places = [...this.#last.values()].map(({ atNs }) => atNs);
    const [first, second] = places;
    if (first === undefined) return this.#floorNs;
    // What the other stream has in the log stands behind what was delivered, and cannot be much older.
    if (second === undefined) return latest(first - slackNs, this.#floorNs);
    return first < second ? first : second;
  }

  /** Begins to read again from {@link sinceNs}; `isUnbounded`: from wherever the engine was told to, all of it being wanted. */
  beginPass(isUnbounded: boolean): void {
    this.#reading.clear();
    this.#isUnbounded = isUnbounded;
  }

  /** Whether the entry is older than the one before it of its stream: it comes a second time, or the host's clock was set back. */
  isBehind({ stream, atNs }: LogEntry): boolean {
    const before = this.#reading.get(stream);
    return before !== undefined && atNs < before.atNs;
  }

  /** The time of what was delivered last of a stream; undefined: nothing was. */
  lastNs(stream: LogStream): bigint | undefined {
    return this.#last.get(stream)?.atNs;
  }

  /** Takes whatever comes next of the stream, however old. */
  startOver(stream: LogStream): void {
    this.#last.delete(stream);
    this.#reading.delete(stream);
    this.#isUnbounded = true;
  }

  /** Whether the entry, read in the order of the log, is a new one. It counts as delivered then. */
  take({ stream, atNs, data }: LogEntry): boolean {
    const last = this.#last.get(stream);
    const isSameTime = atNs === last?.atNs;
    const before = isSameTime ? (this.#countOf(stream, atNs) ?? 0) : 0;
    this.#reading.set(stream, { atNs, count: before + 1 });
    if (last === undefined) {
      if (!this.#isUnbounded && this.#floorNs !== undefined && atNs < this.#floorNs) return false;
    } else if (atNs < last.atNs || (isSameTime && before < last.count)) {
      return false;
    } else if (isSameTime && data.at(-1) === newline && data.equals(last.data)) {
      // A new file of the log may begin with just this line, and is read again then.
      return false;
    }
    this.#last.set(stream, { atNs, data, count: isSameTime ? last.count + 1 : 1 });
    return true;
  }

  #countOf(stream: LogStream, atNs: bigint): number | undefined {
    const reading = this.#reading.get(stream);
    return reading?.atNs === atNs ? reading.count : undefined;
  }
}

function latest(a: bigint, b: bigint | undefined): bigint {
  return b === undefined || a > b ? a : b;
}
