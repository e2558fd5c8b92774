/** What arrived and was not read yet, up to a limit; beyond it all of it is dropped, and told as lost. */
export class EventQueue<Item> {
  readonly #itemsMax: number;
  #items: Item[] = [];
  #isLossy = false;
  #ended: { readonly error: Error } | undefined;
  #wake: (() => void) | undefined;

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax;
  }

  push(item: Item): void {
    if (this.#items.length >= this.#itemsMax) {
      this.#items = [];
      this.#isLossy = true;
    }
    this.#items.push(item);
    this.#wake?.();
  }

  /** Nothing comes any more. */
  end(error: Error): void {
    this.#ended ??= { error };
    this.#wake?.();
  }

  /** Gives what arrives, until the signal aborts. @throws the error with which the queue ended, after all that came before. */
  async *read(signal: AbortSignal): AsyncGenerator<Item | { readonly kind: "lost" }, void> {
    const wake = (): void => {
      this.#wake?.();
    };
    signal.addEventListener("abort", wake, { once: true });
    try {
      while (!signal.aborted) {
        if (this.#isLossy) {
          this.#isLossy = false;
          yield { kind: "lost" };
        }
        const items = this.#items;
        this.#items = [];
        yield* items;
        if (this.#items.length > 0 || this.#isLossy || signal.aborted) continue;
        if (this.#ended !== undefined) throw this.#ended.error;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        this.#wake = undefined;
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }
}
