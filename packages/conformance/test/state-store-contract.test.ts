import { caseContext, type StateStoreHarness, stateStoreContract } from "@persys/conformance";
import { AgentError, type StateStore, type StoredState, type Write } from "@persys/core";
import { describe, expect, it } from "vitest";
import { MapStateStore, MapStorage } from "./support/map-state-store.ts";

type StoreClass = new (storage: MapStorage) => StateStore;

function harnessOf(Store: StoreClass): () => Promise<StateStoreHarness> {
  return async () => {
    const storage = new MapStorage();
    return {
      store: () => new Store(storage),
      damageRecord: async (id) => {
        storage.records.set(id, storage.records.get(id)?.slice(0, -1) ?? "");
      },
      takeOver: async () => {
        storage.epoch += 1;
      },
      dispose: async () => {},
    };
  };
}

/** The ids of the rules that a store breaks. */
async function brokenBy(Store: StoreClass): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const rule of stateStoreContract(harnessOf(Store))) {
    await rule.run(caseContext()).catch(() => broken.push(rule.id));
  }
  return broken;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Stores with one thing wrong each, and a rule that has to notice. */
const mutants: readonly (readonly [wrong: string, rule: string, Store: StoreClass])[] = [
  [
    "keeps the first half of a batch that fails",
    "store-atomic",
    class extends MapStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        this.checkOwnership();
        for (const write of batch) {
          this.check(write);
          this.apply(write);
        }
      }
    },
  ],
  [
    "fails with a plain error",
    "store-atomic",
    class extends MapStateStore {
      protected override check(write: Write): void {
        if (write.kind === "put-record" && Number.isNaN(write.record.generation)) {
          throw new TypeError("not a number");
        }
      }
    },
  ],
  [
    "takes batches in any order",
    "store-order",
    class extends MapStateStore {
      #calls = 0;
      override async commit(batch: readonly Write[]): Promise<void> {
        this.#calls += 1;
        if (this.#calls % 2 === 0) await turn();
        await super.commit(batch);
      }
    },
  ],
  [
    "applies a batch from its end",
    "store-within",
    class extends MapStateStore {
      override commit(batch: readonly Write[]): Promise<void> {
        return super.commit(batch.toReversed());
      }
    },
  ],
  [
    "encodes after the caller has gone on",
    "store-no-sharing",
    class extends MapStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        await turn();
        await super.commit(batch);
      }
    },
  ],
  [
    "keeps its epoch",
    "store-epoch",
    class extends MapStateStore {
      protected override nextEpoch(): number {
        this.storage.epoch = Math.max(this.storage.epoch, 1);
        return this.storage.epoch;
      }
    },
  ],
  [
    "does not look who owns the state",
    "store-fenced",
    class extends MapStateStore {
      protected override checkOwnership(): void {
        if (this.epoch === undefined) {
          throw new AgentError("STORE_UNAVAILABLE", "not open", { effect: "none" });
        }
      }
    },
  ],
  [
    "commits after it was closed",
    "store-close",
    class extends MapStateStore {
      override async close(): Promise<void> {}
    },
  ],
  [
    "opens in spite of an abort",
    "store-abort",
    class extends MapStateStore {
      override open(): Promise<StoredState> {
        return super.open(new AbortController().signal);
      }
    },
  ],
  [
    "sorts the history as text",
    "store-actions",
    class extends MapStateStore {
      protected override readActions(): ReturnType<MapStateStore["readActions"]> {
        return super.readActions().toSorted((a, b) => (String(a.seq) < String(b.seq) ? -1 : 1));
      }
    },
  ],
  [
    "does not open with a damaged record",
    "store-quarantine",
    class extends MapStateStore {
      override async open(signal: AbortSignal): Promise<StoredState> {
        const state = await super.open(signal);
        if (state.quarantined.length > 0) throw new AgentError("RECORD_CORRUPT", "no");
        return state;
      }
    },
  ],
  [
    "throws damaged records away",
    "store-quarantine-stays",
    class extends MapStateStore {
      override async open(signal: AbortSignal): Promise<StoredState> {
        const state = await super.open(signal);
        for (const { id } of state.quarantined) this.storage.records.delete(id);
        return state;
      }
    },
  ],
  [
    "forgets a put over an older one",
    "store-replace",
    class extends MapStateStore {
      protected override apply(write: Write): void {
        const isOld = write.kind === "put-record" && this.storage.records.has(write.record.id);
        if (!isOld) super.apply(write);
      }
    },
  ],
  [
    "takes ids without regard to case",
    "store-long-id",
    class extends MapStateStore {
      protected override apply(write: Write): void {
        super.apply(write);
        if (write.kind === "put-record" && /[A-Z]/.test(write.record.id)) {
          this.storage.records.delete(write.record.id.toLowerCase());
        }
      }
    },
  ],
  [
    "loses optional fields",
    "store-durable",
    class extends MapStateStore {
      protected override apply(write: Write): void {
        if (write.kind !== "put-record") return super.apply(write);
        const { fallback: _, ...record } = write.record;
        return super.apply({ ...write, record });
      }
    },
  ],
];

describe("stateStoreContract", () => {
  it("is kept by the least that can keep it", async () => {
    expect(await brokenBy(MapStateStore)).toEqual([]);
  });

  it.each(mutants)("notices a store that %s", async (_, rule, Store) => {
    expect(await brokenBy(Store)).toContain(rule);
  });

  it("has ids that differ", () => {
    const ids = stateStoreContract(harnessOf(MapStateStore)).map(({ id }) => id);

    expect(new Set(ids).size).toBe(ids.length);
  });
});
