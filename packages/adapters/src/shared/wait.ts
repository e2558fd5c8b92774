import { setTimeout as sleep } from "node:timers/promises";

/**
 * Resolves after `delayMs`.
 * @throws the signal's reason as soon as it aborts.
 */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** How to wait for a condition. */
export interface WaitOptions {
  /** Give up after so long. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Longest time between two looks: short enough for a person, long enough to cost nothing. */
const lookEveryMsMax = 25;

/**
 * Looks until `isSo` returns true, ever less often; whether it did within the time. It is looked at least once.
 * @throws the signal's reason as soon as it aborts.
 */
export async function until(isSo: () => boolean, options: WaitOptions): Promise<boolean> {
  const giveUpAtMs = performance.now() + options.timeoutMs;
  for (let everyMs = 2; ; everyMs = Math.min(everyMs * 1.5, lookEveryMsMax)) {
    options.signal.throwIfAborted();
    if (isSo()) return true;
    const leftMs = giveUpAtMs - performance.now();
    if (leftMs <= 0) return false;
    await pause(Math.min(everyMs, leftMs), options.signal);
  }
}

/** Lets the event loop turn once `sliceMs` of work have been done since it last did. */
export class Slices {
  readonly #sliceMs: number;
  #beganMs = performance.now();

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
  }

  /** Whether it is time to {@link turn}. */
  get isOver(): boolean {
    return performance.now() - this.#beganMs >= this.#sliceMs;
  }

  /** Resolves after pending input and timers had their turn. */
  async turn(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#beganMs = performance.now();
  }
}
