import { AsyncLocalStorage } from "node:async_hooks";

/** Where the stray errors of one case go. */
export interface StrayOwner {
  readonly onStray: (error: unknown) => void;
}

/**
 * Rejections that nobody handles and errors thrown into the event loop, each given to the case it comes from: Node carries the owner along
 * with every callback and promise that begins in it. Where that fails, the only case that runs is blamed, or else nobody.
 */
export class StrayErrors {
  readonly #owners = new AsyncLocalStorage<StrayOwner>();
  readonly #running = new Set<StrayOwner>();
  readonly #onOrphan: (error: unknown) => void;

  /** `onOrphan` gets the errors that no case can be blamed for. */
  constructor(onOrphan: (error: unknown) => void) {
    this.#onOrphan = onOrphan;
  }

  /** Takes them over from Node, which would end the process, until the returned function is called. */
  listen(): () => void {
    const take = (error: unknown): void => this.#take(error);
    process.on("unhandledRejection", take);
    process.on("uncaughtException", take);
    return () => {
      process.off("unhandledRejection", take);
      process.off("uncaughtException", take);
    };
  }

  /** Runs `work` with `owner` to blame for what it leaves behind, also later. */
  async watch<Result>(owner: StrayOwner, work: () => Promise<Result>): Promise<Result> {
    this.#running.add(owner);
    try {
      const result = await this.#owners.run(owner, work);
      // Node tells of rejections after the microtasks of a turn: those of the last one are still to come.
      await nextTurn();
      return result;
    } finally {
      this.#running.delete(owner);
    }
  }

  #take(error: unknown): void {
    const [onlyOne, ...others] = this.#running;
    const owner = this.#owners.getStore() ?? (others.length === 0 ? onlyOne : undefined);
    if (owner === undefined) this.#onOrphan(error);
    else owner.onStray(error);
  }
}

/** Resolves when the event loop has gone round. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
