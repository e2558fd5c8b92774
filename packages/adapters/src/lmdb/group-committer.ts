import { AgentError } from "@persys/core";
import type { Transaction } from "./lmdb-environment.ts";

/** One batch: everything it changes. Run again when its group has failed, so it does the same each time. */
export type Change = (transaction: Transaction) => void;

interface Waiting {
  readonly change: Change;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Batches that share one sync. More would make a group slow for its first members without saving much, and all that waits for it go on at once. */
const groupMax = 64;

/**
 * Lets batches that do not wait for each other share one sync: while one group is being written, the next gathers. Groups are written one
 * after the other and batches in the order of their calls. When a group fails, each of its batches is tried alone, so that a batch that
 * cannot be written never fails its neighbours.
 */
export class GroupCommitter {
  readonly #transact: (change: Change) => Promise<void>;
  readonly #waitingMax: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  /** @param transact writes one transaction durably, or fails with an AgentError and, where that says so, without effect. */
  constructor(transact: (change: Change) => Promise<void>, waitingMax: number) {
    this.#transact = transact;
    this.#waitingMax = waitingMax;
  }

  /**
   * Resolves when the batch is on disk.
   * @throws {AgentError} what `transact` failed with; STORE_UNAVAILABLE, effect none, when too many batches wait.
   */
  commit(change: Change): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) {
      const message = `the state store is too slow: ${this.#waiting.length} batches are waiting`;
      return Promise.reject(
        new AgentError("STORE_UNAVAILABLE", message, { effect: "none", retryable: true }),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  /** Resolves when nothing is waiting or being written. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    // Lets every batch of this turn into the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeGroup(this.#waiting.splice(0, groupMax));
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#transact((transaction) => {
        for (const { change } of group) change(transaction);
      });
      for (const { resolve } of group) resolve();
    } catch (error) {
      const worthSingly =
        group.length > 1 &&
        !AgentError.hasCode(error, "OWNERSHIP_LOST") &&
        !(AgentError.is(error) && error.effect === "unknown");
      if (worthSingly) await this.#writeSingly(group);
      else for (const { reject } of group) reject(error);
    }
  }

  async #writeSingly(group: readonly Waiting[]): Promise<void> {
    for (const { change, resolve, reject } of group) {
      try {
        await this.#transact(change);
        resolve();
      } catch (error) {
        reject(error);
      }
    }
  }
}
