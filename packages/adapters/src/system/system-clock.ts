import { setImmediate as afterInput } from "node:timers/promises";
import type { Clock } from "@persys/core";

/** The longest delay that setTimeout takes; a longer one would fire at once. */
const timerDelayMsMax = 2 ** 31 - 1;

/** Time of this machine. */
export class SystemClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  /** Milliseconds since the process began, with fractions. */
  monotonicMs(): number {
    return performance.now();
  }

  /**
   * As the port says, for delays of any length. A pending wake does not keep the process alive: what does is the servers and streams that
   * the process is for, so a process whose work has ended is not held up by a retry that lies hours ahead.
   */
  schedule(delayMs: number, wake: () => void): () => void {
    const dueMs = this.monotonicMs() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const leftMs = dueMs - this.monotonicMs();
      timer = setTimeout(
        // Node may fire up to a millisecond early; what is left is then waited for.
        () => (this.monotonicMs() < dueMs ? arm() : wake()),
        Math.min(Math.max(Math.ceil(leftMs), 0), timerDelayMsMax),
      ).unref();
    };
    arm();
    return () => clearTimeout(timer);
  }

  /** Resolves in the next turn of the event loop, after input that has arrived and timers that are due. */
  yield(): Promise<void> {
    return afterInput();
  }
}
