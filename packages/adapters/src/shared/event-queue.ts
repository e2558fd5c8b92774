import type { RuntimeEvent, WorkloadId } from "@persys/core";

/**
 * Hints on their way to one listener. One is kept for each workload, the last, and one for all together: it means "look again", so a slow
 * listener misses nothing, and the queue is never longer than the list of workloads.
 */
export class EventQueue {
  readonly #waiting = new Map<WorkloadId | undefined, RuntimeEvent>();
  #wake: (() => void) | undefined;

  put(event: RuntimeEvent): void {
    this.#waiting.set(event.id, event);
    this.#wake?.();
  }

  /** Every hint from now on. @throws the signal's reason when it aborts. */
  async *drain(signal: AbortSignal): AsyncGenerator<RuntimeEvent, never, undefined> {
    for (;;) {
      signal.throwIfAborted();
      const [next] = this.#waiting.values();
      if (next === undefined) {
        await this.#nextPut(signal);
        continue;
      }
      this.#waiting.delete(next.id);
      yield next;
    }
  }

  async #nextPut(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => {
      resolve();
    };
    this.#wake = resolve;
    signal.addEventListener("abort", stop, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#wake = undefined;
    }
  }
}
