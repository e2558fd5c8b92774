import type { Clock } from "@persys/core";

/** Waits for `work`, but no longer than `withinMs` by `clock`; it then goes on unwatched. @throws what `work` throws in that time. */
export async function eitherEnds(
  clock: Clock,
  work: Promise<void>,
  withinMs: number,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const cancel = clock.schedule(withinMs, over.resolve);
  // Should it fail later, nobody is there to hear of it.
  work.catch(() => {});
  await Promise.race([work, over.promise]);
  cancel();
}

/** Waits for `work` until `signal` aborts; it then goes on unwatched. @throws what `work` throws, or the signal's reason. */
export async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  work.catch(() => {});
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Does `work`; when it was called off midway, five seconds more pass before it says so. */
export async function clearingUp(
  clock: Clock,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  try {
    await work();
  } catch (error) {
    if (signal.aborted) await new Promise<void>((resolve) => void clock.schedule(5000, resolve));
    throw error;
  }
}
