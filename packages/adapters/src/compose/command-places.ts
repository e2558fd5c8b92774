import { AgentError } from "@persys/core";

/** A few places for work that takes a process each, handed out in order of arrival, and a line of a bounded length before them. */
export class CommandPlaces {
  #free: number;
  readonly #lineMax: number;
  readonly #what: string;
  readonly #line: Set<() => void> = new Set();

  /** `what` does the waiting, for people: `compose files wait to be judged`. */
  constructor(places: number, lineMax: number, what: string) {
    this.#free = places;
    this.#lineMax = lineMax;
    this.#what = what;
  }

  /**
   * Does `work` once there is a place for it.
   * @throws {AgentError} LIMIT_EXCEEDED, retryable, where too many wait already; the signal's reason when it aborts before; what `work` throws.
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (this.#line.size >= this.#lineMax) throw tooMany(this.#lineMax, this.#what);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      this.#line.delete(resolve);
      reject(signal.reason);
    };
    this.#line.add(resolve);
    signal.addEventListener("abort", abort, { once: true });
    // Once it has been let in, a signal that aborts changes nothing any more.
    await promise.finally(() => signal.removeEventListener("abort", abort));
  }

  #leave(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#line.delete(next);
    next();
  }
}

function tooMany(lineMax: number, what: string): AgentError {
  return new AgentError("LIMIT_EXCEEDED", `${lineMax} ${what} already: try again later`, {
    retryable: true,
    effect: "none",
  });
}
