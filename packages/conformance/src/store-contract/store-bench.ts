import assert from "node:assert/strict";
import {
  AgentError,
  type StateStore,
  type StoredState,
  type WorkloadId,
  type Write,
} from "@persys/core";
import type { ContractCase } from "../contract-case.ts";
import { aRecord } from "../record-builder.ts";

/** A storage of its own for one case, empty at first, and ways to meddle with it that a StateStore does not offer. */
export interface StateStoreHarness {
  /** A new store over the storage, not opened. Called again after the one before was closed, it is a restart of the agent. */
  store(): StateStore;
  /** Damages the stored bytes of a record. Called while no store is open. */
  damageRecord(id: WorkloadId): Promise<void>;
  /** Takes ownership away from the open store as another agent would whose lock does not keep the first out. */
  takeOver(): Promise<void>;
  /** Removes the storage. Every store was closed. */
  dispose(): Promise<void>;
}

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

/** One harness, and every store that a case has opened over it. */
export class StoreBench {
  readonly harness: StateStoreHarness;
  readonly #stores: StateStore[] = [];

  constructor(harness: StateStoreHarness) {
    this.harness = harness;
  }

  /** A new store, opened, with what it found. */
  async open(): Promise<{ readonly store: StateStore; readonly state: StoredState }> {
    const store = this.harness.store();
    this.#stores.push(store);
    return { store, state: await store.open(never) };
  }

  /** Commits the batches one after the other to a store that is then closed. */
  async write(...batches: readonly (readonly Write[])[]): Promise<void> {
    const { store } = await this.open();
    for (const batch of batches) await store.commit(batch);
    await store.close();
  }

  /** What the storage holds now. */
  async read(): Promise<StoredState> {
    const { store, state } = await this.open();
    await store.close();
    return state;
  }

  async dispose(): Promise<void> {
    for (const store of this.#stores) await store.close();
    await this.harness.dispose();
  }
}

/** A rule before it has a harness. */
export interface StoreRule extends Omit<ContractCase, "run" | "clause"> {
  readonly check: (bench: StoreBench) => Promise<void>;
}

/** A rule that every store keeps. */
export const must = (id: string, title: string, check: StoreRule["check"]): StoreRule => ({
  id: `store-${id}`,
  level: "MUST",
  title,
  check,
});

/** A put of a record with this id and nothing special. */
export function put(id: string): Write {
  return { kind: "put-record", record: aRecord({ id }) };
}

/** The ids of the records, sorted. */
export function idsOf(state: StoredState): readonly string[] {
  return state.records.map(({ id }) => id).toSorted();
}

/**
 * What a commit fails with.
 * @throws {AssertionError} when it succeeds, or fails with something else than an AgentError.
 */
export async function failureOf(commit: Promise<void>): Promise<AgentError> {
  try {
    await commit;
  } catch (error) {
    assert.ok(AgentError.is(error), `a commit fails with an AgentError, not with ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: "the commit was to fail" });
}
