import type { LogEntry, LogStream } from "./log-frames.ts";

/** How far the times of one stream may be behind those of the other in the engine's log, in nanoseconds. */
const slackNs = 10_000_000_000n;

/** The last entry that was delivered: its time, and how many of that time were. */
interface Place {
  readonly atNs: bigint;
  readonly count: number;
}

/**
 * How far the log of one container has been delivered, so that a reader who has to begin again goes on exactly there. The engine finds a
 * place only by time: it is asked from there on, and what was delivered already is passed over.
 */
export class LogPosition {
  readonly #floorNs: bigint | undefined;
  readonly #last = new Map<LogStream, Place>();
  /** Of the pass under way: for each stream what is still to be passed over; none: everything is new. */
  #toSkip = new Map<LogStream, Place>();
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
    this.#toSkip = new Map(this.#last);
    this.#isUnbounded = isUnbounded;
  }

  /** Whether the entry, read in the order of the log, is a new one. It counts as delivered then. */
  take({ stream, atNs }: Pick<LogEntry, "stream" | "atNs">): boolean {
    const skipping = this.#toSkip.get(stream);
    if (skipping !== undefined) {
      if (atNs < skipping.atNs) return false;
      if (atNs === skipping.atNs && skipping.count > 0) {
        this.#toSkip.set(stream, { atNs, count: skipping.count - 1 });
        return false;
      }
      // From here on all is new, whatever its time: the host's clock may be set back.
      this.#toSkip.delete(stream);
    }
    const last = this.#last.get(stream);
    const isBelow = this.#floorNs !== undefined && atNs < this.#floorNs;
    if (last === undefined && isBelow && !this.#isUnbounded) return false;
    this.#last.set(stream, { atNs, count: last?.atNs === atNs ? last.count + 1 : 1 });
    return true;
  }
}

function latest(a: bigint, b: bigint | undefined): bigint {
  return b === undefined || a > b ? a : b;
}
