import { dockerError, httpStatusOf, isMissing } from "./docker-errors.ts";
import type { OnLate } from "./late-calls.ts";

/** Runs one call. Never waits longer than its signal: an answer that breaks off half way is not reported by the client library. */
export async function called<T>(
  doing: string,
  signal: AbortSignal,
  call: () => Promise<T>,
  onLate?: OnLate,
): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const calling = call();
  const abort = (): void => {
    onLate?.(calling);
    reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([calling, aborted]);
  } catch (error) {
    signal.throwIfAborted();
    throw dockerError(error, doing);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A call whose answer 304 (it is so already) is as good as done. */
export async function alreadySo(
  doing: string,
  signal: AbortSignal,
  call: () => Promise<unknown>,
  onLate?: OnLate,
): Promise<void> {
  try {
    await called(doing, signal, call, onLate);
  } catch (error) {
    if (httpStatusOf(error) !== 304) throw error;
  }
}

/** What a call answers; undefined where the engine says that there is no such thing. */
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
