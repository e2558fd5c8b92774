import type { Action } from "../domain/action.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import type { AgentError } from "../errors/agent-error.ts";

/** One change to the stored state. */
export type Write =
  | { readonly kind: "put-record"; readonly record: WorkloadRecord }
  | { readonly kind: "delete-record"; readonly id: WorkloadId }
  | { readonly kind: "put-action"; readonly action: Action }
  | { readonly kind: "delete-actions"; readonly seqs: readonly number[] };

/** A stored record that cannot be trusted. It stays in the store, byte for byte, until a person decides. */
export interface QuarantinedRecord {
  /** The id it was stored under; what it names is nobody's orphan. */
  readonly id: WorkloadId;
  /** What is wrong with it, in words. */
  readonly why: string;
}

/** All that a store holds when it is opened, and how its owner is told when it is the owner no more. */
export interface StoredState {
  /** Grows with every open; part of every observation sequence. */
  readonly epoch: number;
  readonly records: readonly WorkloadRecord[];
  /** In order of seq. */
  readonly actions: readonly Action[];
  readonly quarantined: readonly QuarantinedRecord[];
  /**
   * Resolves with OWNERSHIP_LOST once the store has learned, without having been asked to commit, that another owner took over. Stays pending
   * otherwise, also after `close`. Left out by stores that learn it from commits alone.
   */
  readonly ownershipLost?: Promise<AgentError>;
}

/**
 * Keeps the records and the history of one node. One owner at a time: `open` takes ownership durably, and a commit of a former owner
 * never has effect.
 */
export interface StateStore {
  /**
   * Takes ownership and reads everything. Records that fail their checks are quarantined one by one; they never make `open` fail.
   * @throws {AgentError} OWNED_BY_OTHER naming the other owner; STORE_UNAVAILABLE or STORE_FULL when the store cannot be used.
   */
  open(signal: AbortSignal): Promise<StoredState>;

  /**
   * Applies the whole batch or nothing. Resolved means on disk: it survives the loss of power. Batches that do not wait for each other may
   * share one sync; a bad one never fails its neighbours. Batches that touch the same key take effect in the order of the calls.
   * A put of a quarantined id replaces what was quarantined.
   * @throws {AgentError} OWNERSHIP_LOST after another owner took over, effect `none`; STORE_UNAVAILABLE or STORE_FULL, where effect `unknown`
   *   means that the batch may have been stored: the caller repeats it whole.
   */
  commit(batch: readonly Write[]): Promise<void>;

  /** Waits for what is under way and gives up ownership. May be repeated. */
  close(): Promise<void>;
}
