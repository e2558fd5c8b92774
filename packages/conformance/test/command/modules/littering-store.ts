import type { StateStoreHarness } from "../../../src/store-contract/state-store-harness.ts";
import { MapStateStore } from "../../support/map-state-store.ts";
import { mapHarness } from "./map-store.ts";

class LitteringStore extends MapStateStore {
  override async commit(batch: Parameters<MapStateStore["commit"]>[0]): Promise<void> {
    await super.commit(batch);
    // Nobody waits for it, as when an await was forgotten.
    void Promise.reject(new Error("the flush in the background failed"));
  }
}

/** A store that leaves a rejection behind with every commit. */
export const harness = async (): Promise<StateStoreHarness> =>
  mapHarness((storage) => new LitteringStore(storage));
