/** Time as the engine sees it, so that tests and simulations can own it. */
export interface Clock {
  /** Wall time, Unix milliseconds. May jump. */
  wallMs(): number;
  /** Milliseconds since some moment; never goes back, never jumps. */
  monotonicMs(): number;
  /** Calls `wake` once, `delayMs` (at least 0) of monotonic time from now, unless the returned function is called before. */
  schedule(delayMs: number, wake: () => void): () => void;
  /** Resolves after pending input and timers had their turn; used to cut long loops into slices. */
  yield(): Promise<void>;
}
