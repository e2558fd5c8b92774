/**
 * What `work` resolves to, or the signal's reason as soon as it aborts: a caller whose deadline has passed is not kept waiting. The work itself
 * goes on; what becomes of it is not looked at any more.
 */
export async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  // The reason is whatever the signal was aborted with.
  const giveUp = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
