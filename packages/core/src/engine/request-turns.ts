import { AgentError } from "../errors/agent-error.ts";

/** Requests for one workload that may wait for their turn, and for all of them. */
export const waitingMax: { readonly ofOne: number; readonly ofAll: number } = {
  ofOne: 100,
  ofAll: 10_000,
};

/** When a place is free is not known: a request that found none should wait so long, in milliseconds. */
const retryAfterMs = 1_000;

interface Row {
  /** When the last one in the row has begun. */
  begun: Promise<void>;
  waiting: number;
}

/**
 * Keeps the requests for one workload in the order in which they came, where some of them wait for something before they can be decided: the
 * last one that was submitted has to win. So many may wait, and no more.
 */
export class RequestTurns {
  /** For each id that somebody waits for. */
  readonly #rows: Map<string, Row> = new Map();
  #waiting = 0;

  /**
   * Calls `work` once every earlier request for the id has been begun and `before` has resolved; at once where there is neither. What `work`
   * returns is not waited for by the next one.
   * @throws {AgentError} LIMIT_EXCEEDED where too many wait already: nothing was done then. What `before` throws, and `work`.
   */
  run<T>(id: string, work: () => Promise<T>, before?: () => Promise<void>): Promise<T> {
    const row = this.#rows.get(id);
    if (row === undefined && before === undefined) return work();
    return this.#inTurn({ id, row, before }, work);
  }

  async #inTurn<T>(
    turn: {
      readonly id: string;
      readonly row: Row | undefined;
      readonly before: (() => Promise<void>) | undefined;
    },
    work: () => Promise<T>,
  ): Promise<T> {
    const { id, before } = turn;
    if ((turn.row?.waiting ?? 0) >= waitingMax.ofOne || this.#waiting >= waitingMax.ofAll) {
      throw tooMany(id);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const ahead = turn.row?.begun;
    const row = turn.row ?? { begun: promise, waiting: 0 };
    row.begun = promise;
    row.waiting += 1;
    this.#waiting += 1;
    this.#rows.set(id, row);
    let result: Promise<T>;
    try {
      await ahead;
      await before?.();
      result = work();
    } finally {
      row.waiting -= 1;
      this.#waiting -= 1;
      if (row.waiting === 0) this.#rows.delete(id);
      resolve();
    }
    return result;
  }
}

function tooMany(id: string): AgentError {
  return new AgentError(
    "LIMIT_EXCEEDED",
    `too many requests wait already, for workload ${id} or as a whole: try again later`,
    { retryable: true, effect: "none", retryAfterMs, details: { id } },
  );
}
