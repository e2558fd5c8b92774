import { AgentError } from "../errors/agent-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { RuntimeEvent, WorkloadRuntime } from "../ports/workload-runtime.ts";
import { Slices } from "./slices.ts";

/** How a stream of events is followed. */
export interface Following {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A stream that says nothing for this long has fallen silent, in milliseconds. */
  readonly idleMs: number;
  readonly onEvent: (event: RuntimeEvent) => void;
}

/** How a stream ended: whether it said anything, and the error it broke off with. */
export interface StreamEnd {
  readonly heard: boolean;
  readonly isSilent: boolean;
  readonly error?: unknown;
}

/**
 * Follows one stream of events until it ends, breaks off, falls silent or the signal aborts. Never rejects, and never waits for a stream that
 * does not end when it is told to.
 */
export async function followEvents(
  runtime: WorkloadRuntime,
  following: Following,
): Promise<StreamEnd> {
  const { clock, signal, idleMs, onEvent } = following;
  const controller = new AbortController();
  const stop = (): void => controller.abort(signal.reason);
  const silence = new AgentError("TIMEOUT", "the event stream is silent", { retryable: true });
  let heard = false;
  let stopWatchdog = (): void => {};
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const iterator = runtime.events?.(controller.signal)[Symbol.asyncIterator]();
    if (iterator === undefined) return { heard, isSilent: false };
    const slices = new Slices(clock);
    for (;;) {
      stopWatchdog = clock.schedule(idleMs, () => controller.abort(silence));
      const next = await unlessAborted(iterator.next(), controller.signal);
      stopWatchdog();
      if (next.done === true) break;
      heard = true;
      onEvent(next.value);
      await slices.pause();
    }
    return { heard, isSilent: false };
  } catch (error) {
    return { heard, isSilent: error === silence, error };
  } finally {
    stopWatchdog();
    signal.removeEventListener("abort", stop);
    controller.abort(silence);
  }
}

/** The outcome of `work`, or the signal's reason when it aborts first; `work` is then left to itself. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(
      (value) => {
        signal.removeEventListener("abort", abort);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener("abort", abort);
        reject(error);
      },
    );
  });
}
