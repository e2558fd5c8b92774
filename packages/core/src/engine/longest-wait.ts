import type { WorkloadRecord } from "../domain/workload-record.ts";

/** Looks again are at most this far apart. */
const lookAgainMs = 1_000;

/**
 * The longest that a lane can have to wait, in milliseconds: no deadline is further away than the delay it came from, whatever the wall clock
 * was set to meanwhile.
 */
export function longestWaitMs(record: WorkloadRecord | undefined, settleAfterMs: number): number {
  const trials = [record?.chore, record?.wanted.trial, record?.fallback?.trial];
  return Math.max(lookAgainMs, settleAfterMs, ...trials.map((it) => it?.delayMs ?? 0));
}
