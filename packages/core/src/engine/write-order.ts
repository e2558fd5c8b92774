/**
 * Which of the batches that touch a key has the last word. They take effect in the order in which they were handed to the store, but what came
 * of them is heard in any order.
 */
export class WriteOrder {
  readonly #underWay: Set<number> = new Set();
  /** The last batch that is known to have touched a key, as long as an earlier one may yet be heard of. */
  readonly #lastOn: Map<number, number> = new Map();
  #begun = 0;

  /** How many keys are remembered. */
  get size(): number {
    return this.#lastOn.size;
  }

  /** Numbers a batch that is handed to the store now. */
  begin(): number {
    this.#begun += 1;
    this.#underWay.add(this.#begun);
    return this.#begun;
  }

  /** Takes that a batch under way has touched the key. Returns whether that holds: false when a later one is known to have. */
  touch(key: number, batch: number): boolean {
    const last = this.#lastOn.get(key) ?? 0;
    if (batch < last) return false;
    this.#lastOn.delete(key);
    this.#lastOn.set(key, batch);
    return true;
  }

  /** Nothing more will be heard of a batch. */
  end(batch: number): void {
    this.#underWay.delete(batch);
    const [oldest = Number.POSITIVE_INFINITY] = this.#underWay;
    for (const [key, last] of this.#lastOn) {
      if (last >= oldest) break;
      this.#lastOn.delete(key);
    }
  }
}
