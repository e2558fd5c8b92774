import { AgentError } from "../errors/agent-error.ts";
import type { Clock } from "../ports/clock.ts";

/** How a call is bounded. */
export interface CallBounds {
  readonly clock: Clock;
  /** What is called, for the message of a TIMEOUT. */
  readonly what: string;
  readonly timeoutMs: number;
  /** How long the call may take to return once it was aborted. */
  readonly abortGraceMs: number;
  readonly signal: AbortSignal;
  /** Called once when the call has not returned although it was aborted that long ago. */
  readonly onStuck?: () => void;
}

/**
 * Makes a call that is aborted at its deadline or when the outer signal aborts, and waits until it has really returned: what is still under
 * way is never taken for ended. A call that succeeds although it was aborted has succeeded.
 * @throws {AgentError} TIMEOUT (retryable, effect unknown) when it failed after its deadline; the outer signal's reason when that aborted it;
 *   else what the call threw.
 */
export async function callWithDeadline<T>(
  bounds: CallBounds,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, signal } = bounds;
  signal.throwIfAborted();
  const controller = new AbortController();
  let timeout: AgentError | undefined;
  let stopTimer = (): void => {};
  let stopStuck = (): void => {};
  const abort = (reason: unknown): void => {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    stopTimer();
    stopStuck = clock.schedule(bounds.abortGraceMs, () => bounds.onStuck?.());
  };
  const abortByOuter = (): void => abort(signal.reason);
  stopTimer = clock.schedule(bounds.timeoutMs, () => {
    timeout = new AgentError(
      "TIMEOUT",
      `${bounds.what} did not finish within ${bounds.timeoutMs} ms`,
      { retryable: true },
    );
    abort(timeout);
  });
  signal.addEventListener("abort", abortByOuter, { once: true });
  try {
    return await call(controller.signal);
  } catch (error) {
    if (timeout !== undefined) throw timeout;
    if (signal.aborted) throw signal.reason;
    throw error;
  } finally {
    stopTimer();
    stopStuck();
    signal.removeEventListener("abort", abortByOuter);
  }
}
