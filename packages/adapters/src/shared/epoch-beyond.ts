import type { WorkloadRecord } from "@persys/core";

/** How far beyond what the records tell: further than openings that have left no trace in a record. */
const leap = 2 ** 20;

/**
 * An epoch to go on from when the last one is lost: beyond every epoch of this state that there can have been. Milliseconds since 1970 are, as no
 * state is opened once a millisecond, also where an epoch was lost before; where the clock is wrong, what the records tell counts.
 */
export function epochBeyond(records: readonly WorkloadRecord[], nowMs: number): number {
  const seen = records.reduce((most, record) => Math.max(most, record.observedSequence[0]), 0);
  return Math.max(seen + leap, nowMs);
}
