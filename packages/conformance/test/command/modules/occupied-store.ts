import type { StateStoreHarness } from "../../../src/store-contract/state-store-harness.ts";
import { aRecord } from "../../../src/record-builder.ts";
import { MapStorage } from "../../support/map-state-store.ts";
import { mapHarness } from "./map-store.ts";

/** A storage that holds somebody's record, which is not to be removed. */
export async function harness(): Promise<StateStoreHarness> {
  const storage = new MapStorage();
  storage.records.set("theirs", JSON.stringify(aRecord({ id: "theirs" })));
  return {
    ...mapHarness(undefined, storage),
    dispose: async () => {
      throw new Error("what belongs to somebody was removed");
    },
  };
}
