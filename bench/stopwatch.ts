import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Phase } from "./scale-report.ts";

const stallResolutionMs = 1;

/** How long `work` takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** How much processor time the process uses until `work` has ended, in milliseconds. */
export async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** How long `work` takes and how long the event loop stands still meanwhile. */
export async function watched(work: () => Promise<unknown>): Promise<Phase> {
  const delays = monitorEventLoopDelay({ resolution: stallResolutionMs });
  delays.enable();
  const ms = await timed(work);
  // The last stall is only seen by the timer after it.
  await sleep(3);
  delays.disable();
  // What it reports includes the millisecond that the timer is meant to wait.
  return {
    ms,
    stallP99Ms: Math.max(0, delays.percentile(99) / 1e6 - stallResolutionMs),
    stallMaxMs: Math.max(0, delays.max / 1e6 - stallResolutionMs),
  };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Waits until `holds`, looking every `everyMs`. @throws {Error} naming `fact` after two minutes. */
export async function eventually(fact: string, holds: () => boolean, everyMs = 2): Promise<void> {
  const endMs = performance.now() + 120_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within two minutes: ${fact}`);
    await sleep(everyMs);
  }
}
