import { monitorEventLoopDelay } from "node:perf_hooks";

const windowMs = 60_000;
const nsPerSecond = 1e9;

/** How late the timers of this process are. Read by as many as like: reading changes nothing. */
export class LoopDelay {
  readonly #delay: ReturnType<typeof monitorEventLoopDelay> = monitorEventLoopDelay({
    resolution: 10,
  });
  readonly #timer: NodeJS.Timeout;
  #lastNs = 0;

  constructor() {
    this.#delay.enable();
    this.#timer = setInterval(() => {
      this.#lastNs = this.#delay.percentile(99);
      this.#delay.reset();
    }, windowMs).unref();
  }

  /** The greater one of the 99th percentiles of this minute and of the one before. */
  get p99Seconds(): number {
    return Math.max(this.#lastNs, this.#delay.percentile(99)) / nsPerSecond;
  }

  /** Ends the measuring. */
  close(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }
}
