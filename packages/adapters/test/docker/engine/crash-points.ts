import { AgentError, type StateStore, type StoredState, type Write } from "@persys/core";

/**
 * Where an agent may die: before and after each commit, and before and after each request by which it changes something. At the chosen point
 * it dies: from then on nothing it does has an effect, and nothing it waits for comes.
 */
export class CrashPoints {
  readonly #dieAt: number;
  readonly #end = new AbortController();
  #passed = 0;

  /** Dies at the point of this number, from 1 on. */
  constructor(dieAt: number) {
    this.#dieAt = dieAt;
  }

  /** Whether it has died. */
  get isDead(): boolean {
    return this.#passed >= this.#dieAt;
  }

  /** A point: resolves where it lives on. @throws {AgentError} OWNERSHIP_LOST once it was buried. */
  async pass(): Promise<void> {
    if (!this.isDead) this.#passed += 1;
    await this.live();
  }

  /** Resolves while it lives, never once it is dead. @throws as {@link pass}. */
  async live(): Promise<void> {
    if (!this.isDead) return;
    const { signal } = this.#end;
    if (!signal.aborted)
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    throw new AgentError("OWNERSHIP_LOST", "it has died", { effect: "none" });
  }

  /** Lets what still waits in the dead one end. */
  bury(): void {
    this.#passed = this.#dieAt;
    this.#end.abort();
  }
}

/** A store whose commits are points at which its agent may die. */
export class MortalStore implements StateStore {
  readonly #inner: StateStore;
  readonly #points: CrashPoints;

  constructor(inner: StateStore, points: CrashPoints) {
    this.#inner = inner;
    this.#points = points;
  }

  open(signal: AbortSignal): Promise<StoredState> {
    return this.#inner.open(signal);
  }

  async commit(batch: readonly Write[]): Promise<void> {
    await this.#points.pass();
    await this.#inner.commit(batch);
    await this.#points.pass();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
