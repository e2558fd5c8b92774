import {
  AgentError,
  type ErrorCode,
  type StateStore,
  type StoredState,
  type Write,
} from "@persys/core";
import { until } from "./until.ts";

/** How a commit fails. */
export interface CommitFault {
  /** The batch is stored all the same: only the answer is lost. Default false. */
  readonly stored?: boolean;
  /** What the error says of it. Default `unknown` when it is stored, else `none`. */
  readonly effect?: "none" | "unknown";
  /** Default STORE_UNAVAILABLE. */
  readonly code?: ErrorCode;
  /** How many commits, default 1. */
  readonly times?: number;
  /** Only batches that fit; left out: any. */
  readonly fits?: (batch: readonly Write[]) => boolean;
}

/** A store that fails, hangs and loses answers as it is told, over one that does not. */
export class FailingStateStore implements StateStore {
  readonly #inner: StateStore;
  readonly #faults: { readonly fault: CommitFault; left: number }[] = [];
  readonly #crash = new AbortController();
  #gate: AbortController | undefined;
  #commits = 0;
  #writes = 0;

  constructor(inner: StateStore) {
    this.#inner = inner;
  }

  /** Commits asked for so far, failed ones included. */
  get commits(): number {
    return this.#commits;
  }

  /** Writes in those commits. */
  get writes(): number {
    return this.#writes;
  }

  /** The next fitting commits fail so. Faults strike in the order in which they were set. */
  failNext(fault: CommitFault = {}): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** The next commit and all behind it hang until the returned function is called; then they go on in their order. */
  hang(): () => void {
    const gate = new AbortController();
    this.#gate = gate;
    return () => {
      if (this.#gate === gate) this.#gate = undefined;
      gate.abort();
    };
  }

  /** Takes back every fault that has not struck. */
  clearFaults(): void {
    this.#faults.length = 0;
  }

  /** From now on no commit does anything or returns: as if the agent's process had been killed. The store beneath stays as it is. */
  crash(): void {
    this.#crash.abort();
  }

  open(signal: AbortSignal): Promise<StoredState> {
    return this.#inner.open(signal);
  }

  async commit(batch: readonly Write[]): Promise<void> {
    this.#commits += 1;
    this.#writes += batch.length;
    // Waiters of one gate go on in the order in which they came.
    if (this.#gate !== undefined) await until(this.#gate.signal, undefined);
    await this.#diedHere();
    const fault = this.#nextFault(batch);
    if (fault === undefined || fault.stored === true) await this.#inner.commit(batch);
    await this.#diedHere();
    if (fault === undefined) return;
    const { stored = false, effect = stored ? "unknown" : "none" } = fault;
    const code = fault.code ?? "STORE_UNAVAILABLE";
    throw new AgentError(code, "the store fails as it was told", { retryable: true, effect });
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #nextFault(batch: readonly Write[]): CommitFault | undefined {
    const at = this.#faults.findIndex(({ fault }) => fault.fits?.(batch) ?? true);
    const found = this.#faults[at];
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left === 0) this.#faults.splice(at, 1);
    return found.fault;
  }

  async #diedHere(): Promise<void> {
    if (this.#crash.signal.aborted) await new Promise(() => {});
  }
}
