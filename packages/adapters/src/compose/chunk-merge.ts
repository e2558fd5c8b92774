import type { LogChunk } from "@persys/core";

/** What one of several sources says. */
export interface Tagged {
  readonly name: string;
  readonly chunk: LogChunk;
}

type Source = AsyncIterator<LogChunk>;

/** All chunks of sources that end, by the time at which they were written. Holds one chunk of each. */
export async function* mergeByTime(
  sources: ReadonlyMap<string, AsyncIterable<LogChunk>>,
): AsyncGenerator<Tagged, void, undefined> {
  const open: { readonly name: string; readonly source: Source; chunk: LogChunk }[] = [];
  const all = [...sources].map(([name, it]) => ({ name, source: it[Symbol.asyncIterator]() }));
  try {
    for (const { name, source } of all) {
      const first = await source.next();
      if (first.done !== true) open.push({ name, source, chunk: first.value });
    }
    for (;;) {
      const [next] = open.toSorted((one, other) => (one.chunk.atMs ?? 0) - (other.chunk.atMs ?? 0));
      if (next === undefined) return;
      yield { name: next.name, chunk: next.chunk };
      const following = await next.source.next();
      if (following.done === true) open.splice(open.indexOf(next), 1);
      else next.chunk = following.value;
    }
  } finally {
    for (const { source } of all) await source.return?.();
  }
}

/**
 * Chunks of sources that come and go, as they come. A source is read on only once what it gave has been taken, so nothing piles up.
 */
export class ChunkFlow {
  readonly #waiting: { readonly tagged: Tagged; readonly taken: () => void }[] = [];
  readonly #reading = new Map<string, Promise<void>>();
  readonly #signal: AbortSignal;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** How many sources are read. */
  get size(): number {
    return this.#reading.size;
  }

  /** Whether a source of this name is read. */
  has(name: string): boolean {
    return this.#reading.has(name);
  }

  /** Reads one more source, until it ends. */
  add(name: string, source: AsyncIterable<LogChunk>): void {
    const reading = this.#read(name, source)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#reading.delete(name);
        this.#wake();
      });
    this.#reading.set(name, reading);
  }

  /** The next chunk; undefined: none came within the time, or a source has ended. @throws what a source throws; the signal's reason. */
  async next(withinMs: number): Promise<Tagged | undefined> {
    this.#signal.throwIfAborted();
    if (this.#waiting.length === 0 && this.#failure === undefined) await this.#woken(withinMs);
    this.#signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
    const first = this.#waiting.shift();
    first?.taken();
    return first?.tagged;
  }

  /** Waits until nothing is read any more; the sources' signal has to have aborted. */
  async close(): Promise<void> {
    for (const { taken } of this.#waiting) taken();
    await Promise.all(this.#reading.values());
  }

  /** A chunk, an end, a hint: something is to be looked at. */
  wake(): void {
    this.#wake();
  }

  async #read(name: string, source: AsyncIterable<LogChunk>): Promise<void> {
    for await (const chunk of source) {
      if (this.#signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push({ tagged: { name, chunk }, taken: resolve });
      this.#wake();
      await promise;
    }
  }

  async #woken(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => {
      resolve();
    };
    const timer = setTimeout(wake, withinMs);
    this.#wake = wake;
    this.#signal.addEventListener("abort", wake, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", wake);
      this.#wake = () => {};
    }
  }
}
