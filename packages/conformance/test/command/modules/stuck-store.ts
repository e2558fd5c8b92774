import type { StateStoreHarness } from "../../../src/store-contract/state-store-harness.ts";
import { MapStateStore } from "../../support/map-state-store.ts";
import { mapHarness } from "./map-store.ts";

class StuckStore extends MapStateStore {
  override async commit(): Promise<void> {
    process.stderr.write("stuck\n");
    await new Promise((resolve) => void setTimeout(resolve, 3_600_000).unref());
  }
}

/** A store whose commits never end. */
export const harness = async (): Promise<StateStoreHarness> =>
  mapHarness((storage) => new StuckStore(storage));
