import type { StateStoreHarness } from "../../../src/store-contract/state-store-harness.ts";
import { MapStateStore, MapStorage } from "../../support/map-state-store.ts";

/** A storage in a map, whose stores are made by `makeStore`. */
export function mapHarness(
  makeStore: (storage: MapStorage) => MapStateStore = (storage) => new MapStateStore(storage),
  storage: MapStorage = new MapStorage(),
): StateStoreHarness {
  return {
    store: () => makeStore(storage),
    damageRecord: async (id) => {
      storage.records.set(id, storage.records.get(id)?.slice(0, -1) ?? "");
    },
    takeOver: async () => {
      storage.epoch += 1;
    },
    dispose: async () => {},
  };
}

/** A store that keeps every rule that the tests run. */
export const harness = async (): Promise<StateStoreHarness> => mapHarness();
