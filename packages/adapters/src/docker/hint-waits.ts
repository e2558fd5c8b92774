/** Tells of a workload that may have changed: calls `listener` then, until what it returns is called. */
export type OnHint = (listener: () => void) => () => void;

/** Waits for hints that something may have changed, and looks at times without any. */
export class HintWaits {
  readonly #lookEveryMs: number;
  readonly #signal: AbortSignal;
  readonly #stop: () => void;
  #isPending = false;
  #resolve: () => void = () => {};

  constructor(onHint: OnHint, lookEveryMs: number, signal: AbortSignal) {
    this.#lookEveryMs = lookEveryMs;
    this.#signal = signal;
    this.#stop = onHint(() => {
      this.hint();
    });
  }

  /** Ends the wait that is under way, or the next. */
  hint(): void {
    this.#isPending = true;
    this.#resolve();
  }

  /** Resolves at a hint, one since the last wait included, or when the time is over. @throws the signal's reason when it aborts. */
  async wait(): Promise<void> {
    this.#signal.throwIfAborted();
    if (!this.#isPending) await this.#hintOrTime();
    this.#isPending = false;
    this.#signal.throwIfAborted();
  }

  /** No further hints are taken. */
  close(): void {
    this.#stop();
  }

  async #hintOrTime(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      resolve();
    };
    const timer = setTimeout(done, this.#lookEveryMs);
    this.#resolve = done;
    this.#signal.addEventListener("abort", done, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", done);
      this.#resolve = () => {};
    }
  }
}
