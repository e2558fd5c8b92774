/**
 * Keeps the requests for one workload in the order in which they came, where some of them wait for something before they can be decided: the
 * last one that was submitted has to win. Bounded by the callers, each of whom waits for an answer.
 */
export class RequestTurns {
  /** For each id that somebody waits for: when the last one in the row has begun. */
  readonly #begun: Map<string, Promise<void>> = new Map();

  /**
   * Calls `work` once every earlier request for the id has been begun and `before` has resolved; at once where there is neither. What `work`
   * returns is not waited for by the next one.
   * @throws what `before` throws, and `work`.
   */
  run<T>(id: string, work: () => Promise<T>, before?: () => Promise<void>): Promise<T> {
    const ahead = this.#begun.get(id);
    if (ahead === undefined && before === undefined) return work();
    return this.#inTurn({ id, ahead, before }, work);
  }

  async #inTurn<T>(
    turn: {
      readonly id: string;
      readonly ahead: Promise<void> | undefined;
      readonly before: (() => Promise<void>) | undefined;
    },
    work: () => Promise<T>,
  ): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#begun.set(turn.id, promise);
    let result: Promise<T>;
    try {
      await turn.ahead;
      await turn.before?.();
      result = work();
    } finally {
      if (this.#begun.get(turn.id) === promise) this.#begun.delete(turn.id);
      resolve();
    }
    return result;
  }
}
