import type { Logger } from "@persys/core";

/**
 * Something that is started and stopped with the agent.
 *
 * Parts are started one after the other and stopped in reverse, so each may rely on those before it from its start to the end of its stop.
 */
export interface LifecyclePart {
  readonly name: string;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Resolves once others can rely on it. Gives up with the signal's reason when that aborts. */
  start(signal: AbortSignal): Promise<void>;
  /** Ends it. Also called when its start failed or was cut short; what never began is already ended. */
  stop(): Promise<void>;
}

/** A part did not come to an end within its time. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** Starts parts in order and stops them in reverse, each within its deadline. */
export class Lifecycle {
  readonly #parts: readonly LifecyclePart[];
  readonly #logger: Logger;
  /** Parts whose start was called and whose stop was not. */
  readonly #toStop: LifecyclePart[] = [];

  constructor(parts: readonly LifecyclePart[], logger: Logger) {
    this.#parts = parts;
    this.#logger = logger;
  }

  /**
   * Starts every part. When one fails, is late, or the signal aborts, nothing further is started and the error is thrown; {@link stop} then
   * ends what had begun.
   */
  async start(signal: AbortSignal): Promise<void> {
    for (const part of this.#parts) {
      signal.throwIfAborted();
      this.#toStop.push(part);
      const deadline = new AbortController();
      await within(part.start(AbortSignal.any([signal, deadline.signal])), {
        timeoutMs: part.startTimeoutMs,
        what: `the start of ${part.name}`,
        signal,
      }).catch((error: unknown) => {
        deadline.abort(error);
        throw error;
      });
      this.#logger.debug("started", { part: part.name });
    }
  }

  /**
   * Stops what was started, in reverse; a part that fails or is late keeps no other from being stopped.
   * @returns the names of those that did.
   */
  async stop(): Promise<readonly string[]> {
    const unfinished: string[] = [];
    for (let part = this.#toStop.pop(); part !== undefined; part = this.#toStop.pop()) {
      try {
        await within(part.stop(), {
          timeoutMs: part.stopTimeoutMs,
          what: `the stop of ${part.name}`,
        });
        this.#logger.debug("stopped", { part: part.name });
      } catch (error) {
        unfinished.push(part.name);
        this.#logger.error("a part of the agent did not stop", { part: part.name, error });
      }
    }
    return unfinished;
  }
}

interface Bound {
  readonly timeoutMs: number;
  readonly what: string;
  readonly signal?: AbortSignal;
}

/** What `work` resolves to; rejects when it takes too long or the signal aborts, and then leaves it to itself. */
async function within(work: Promise<void>, { timeoutMs, what, signal }: Bound): Promise<void> {
  const { promise: cut, reject } = Promise.withResolvers<never>();
  const late = (): void => reject(new DeadlineError(`${what} took longer than ${timeoutMs} ms`));
  const aborted = (): void =>
    reject(signal?.reason instanceof Error ? signal.reason : new Error("cut short"));
  const timer = setTimeout(late, timeoutMs);
  signal?.addEventListener("abort", aborted, { once: true });
  // The start itself may have led to the abort before anybody listened.
  if (signal?.aborted === true) aborted();
  try {
    await Promise.race([work, cut]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
  }
}
