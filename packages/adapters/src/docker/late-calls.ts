import type { WorkloadId } from "@persys/core";

/** Receives a call that was called off while the engine may have been executing it. */
export type OnLate = (call: Promise<unknown>) => void;

/**
 * Calls of the Docker Engine that were called off while it may have been executing them: it goes on with them. What is done next with the
 * workload waits for them, so that nothing comes up behind the back of a stop or a removal.
 */
export class LateCalls {
  readonly #calls = new Map<WorkloadId, Set<Promise<void>>>();

  /** Remembers a call of a workload until it has ended, whichever way. */
  note(id: WorkloadId, call: Promise<unknown>): void {
    const calls = this.#calls.get(id) ?? new Set();
    this.#calls.set(id, calls);
    const forget = (): void => {
      calls.delete(ended);
      if (calls.size === 0 && this.#calls.get(id) === calls) this.#calls.delete(id);
    };
    const ended = call.then(forget, forget);
    calls.add(ended);
  }

  /** Resolves once no call of the workload is under way any more. @throws the signal's reason as soon as it aborts. */
  async settled(id: WorkloadId, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const calls = this.#calls.get(id);
    if (calls === undefined) return;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => {
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([Promise.all(calls), aborted]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}
