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
  const busy = new BusyWatch();
  delays.enable();
  let ms = 0;
  const cpuMs = await cpuOf(async () => {
    ms = await timed(work);
  });
  // The last stall is only seen by the timer after it.
  await sleep(3);
  delays.disable();
  // What it reports includes the millisecond that the timer is meant to wait.
  return {
    ms,
    cpuMs,
    stallP99Ms: Math.max(0, delays.percentile(99) / 1e6 - stallResolutionMs),
    stallMaxMs: Math.max(0, delays.max / 1e6 - stallResolutionMs),
    busyMaxMs: busy.stop(),
  };
}

/** Finds the most processor time that the main thread spends in one go, which other programs on the machine do not lengthen. */
class BusyWatch {
  readonly #timer: NodeJS.Timeout;
  #lastMs = threadCpuMs();
  #maxMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), stallResolutionMs);
  }

  /** Ends the watch and returns what it found, in milliseconds. */
  stop(): number {
    this.#look();
    clearInterval(this.#timer);
    return this.#maxMs;
  }

  #look(): void {
    const nowMs = threadCpuMs();
    this.#maxMs = Math.max(this.#maxMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
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
