import type { Clock } from "@persys/core";

/** Resolves when `released` aborts. @throws the reason of `signal` when that aborts first. */
export async function until(released: AbortSignal, signal: AbortSignal | undefined): Promise<void> {
  await either(released, signal);
  if (!released.aborted) signal?.throwIfAborted();
}

/** Resolves after `delayMs` by `clock`; without a wait for 0. @throws the reason of `signal` when that aborts first. */
export async function elapse(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (delayMs <= 0) return;
  const over = new AbortController();
  const cancel = clock.schedule(delayMs, () => over.abort());
  try {
    await until(over.signal, signal);
  } finally {
    cancel();
  }
}

/** Resolves when one of the two has aborted, without saying which. */
function either(one: AbortSignal, other: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (one.aborted || other?.aborted === true) {
      resolve();
      return;
    }
    const onAbort = (): void => {
      one.removeEventListener("abort", onAbort);
      other?.removeEventListener("abort", onAbort);
      resolve();
    };
    one.addEventListener("abort", onAbort);
    other?.addEventListener("abort", onAbort);
  });
}
