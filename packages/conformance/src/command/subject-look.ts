import { UsageError } from "./usage-error.ts";

/** In milliseconds: whoever has not answered a question by then is taken not to. */
const answerMs = 10_000;

/** Looks at a subject before it is judged, and waits for nothing without end. */
export class SubjectLook {
  readonly #signal: AbortSignal;
  readonly #stepMs: number;

  /** @param stepMs how long a step may take that does something, in milliseconds. */
  constructor(signal: AbortSignal, stepMs: number) {
    this.#signal = signal;
    this.#stepMs = stepMs;
  }

  /**
   * Asks the subject something, for which it has ten seconds, or as long as a step may take if that is less.
   * @throws {UsageError} like {@link at}.
   */
  ask<Answer>(what: string, question: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    return this.at(what, question, Math.min(answerMs, this.#stepMs));
  }

  /**
   * Runs a step, whose signal aborts when it takes too long or is no longer wanted. `what` says how it failed, up to a colon.
   * @throws {UsageError} for whatever it fails with, and when it takes too long.
   */
  async at<Result>(
    what: string,
    step: (signal: AbortSignal) => Promise<Result>,
    timeoutMs: number = this.#stepMs,
  ): Promise<Result> {
    const over = new AbortController();
    const { promise: cut, reject } = Promise.withResolvers<never>();
    const giveUp = (reason: unknown): void => {
      reject(reason);
      over.abort(reason);
    };
    const onAbort = (): void => giveUp(this.#signal.reason);
    this.#signal.addEventListener("abort", onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    // It keeps the process up, too, where nothing else does.
    const late = new Error(`there was no answer within ${timeoutMs / 1000} s`);
    const timer = setTimeout(() => giveUp(late), timeoutMs);
    try {
      return await Promise.race([step(over.signal), cut]);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new UsageError(`${what}: ${message}`, { cause: error });
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", onAbort);
    }
  }
}
