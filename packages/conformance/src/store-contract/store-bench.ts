import assert from "node:assert/strict";
import {
  AgentError,
  type StateStore,
  type StoredState,
  type WorkloadRecord,
  type Write,
} from "@persys/core";
import { aRecord } from "../record-builder.ts";
import type { ExtraStorage, StateStoreHarness } from "./state-store-harness.ts";

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

/** One harness, and every store that a case has opened over it or over a storage besides. */
export class StoreBench {
  readonly harness: StateStoreHarness;
  readonly #openHarness: () => Promise<StateStoreHarness>;
  readonly #stores: StateStore[] = [];
  readonly #extras: ExtraStorage[] = [];

  private constructor(harness: StateStoreHarness, openHarness: () => Promise<StateStoreHarness>) {
    this.harness = harness;
    this.#openHarness = openHarness;
  }

  /** Runs `use` with a storage of its own, which goes afterwards. */
  static async with<T>(
    openHarness: () => Promise<StateStoreHarness>,
    use: (bench: StoreBench) => Promise<T>,
  ): Promise<T> {
    const bench = new StoreBench(await openHarness(), openHarness);
    const [outcome] = await Promise.allSettled([bench.#use(use)]);
    const failures = await bench.#dispose();
    // A broken promise often leaves what cannot be cleared away; the promise is what matters then.
    if (outcome.status === "rejected") throw outcome.reason;
    if (failures.length > 1) {
      const said = failures.map((it) => (it instanceof Error ? it.message : String(it)));
      throw new AggregateError(failures, `it cannot be cleared away: ${said.join("; ")}`);
    }
    for (const failure of failures) throw failure;
    return outcome.value;
  }

  /** Runs `use` with another storage, as empty as this one was. */
  another<T>(use: (bench: StoreBench) => Promise<T>): Promise<T> {
    return StoreBench.with(this.#openHarness, use);
  }

  /** A new store over `storage`, opened, with what it found. Closed with the case. */
  async open(
    storage: Pick<ExtraStorage, "store"> = this.harness,
  ): Promise<{ readonly store: StateStore; readonly state: StoredState }> {
    const store = storage.store();
    this.#stores.push(store);
    return { store, state: await store.open(never) };
  }

  /** Has the storage removed with the case. */
  keep<S extends ExtraStorage>(storage: S): S {
    this.#extras.push(storage);
    return storage;
  }

  /** Commits the batches one after the other to a store that is then closed. */
  async write(...batches: readonly (readonly Write[])[]): Promise<void> {
    const { store } = await this.open();
    for (const batch of batches) await store.commit(batch);
    await store.close();
  }

  /** What the storage holds now. */
  async read(storage: Pick<ExtraStorage, "store"> = this.harness): Promise<StoredState> {
    const { store, state } = await this.open(storage);
    await store.close();
    return state;
  }

  async #use<T>(use: (bench: StoreBench) => Promise<T>): Promise<T> {
    return use(this);
  }

  /** Clears all away, whatever fails of it. Resolves with what did. */
  async #dispose(): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    const steps = [
      ...this.#stores.map((store) => () => store.close()),
      ...this.#extras.map((extra) => () => extra.dispose()),
      () => this.harness.dispose(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }
}

/** A put of a record with this id and nothing special. */
export function put(id: string, more: Partial<Omit<WorkloadRecord, "id">> = {}): Write {
  return { kind: "put-record", record: aRecord({ id, ...more }) };
}

/** The ids of the records, sorted. */
export function idsOf(state: StoredState): readonly string[] {
  return state.records.map(({ id }) => id).toSorted();
}

/**
 * What a call of a store fails with.
 * @throws {AssertionError} when it succeeds, or fails with something else than an AgentError.
 */
export async function failureOf(call: Promise<unknown>): Promise<AgentError> {
  try {
    await call;
  } catch (error) {
    assert.ok(AgentError.is(error), `a store fails with an AgentError, not with ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: "the call was to fail" });
}
