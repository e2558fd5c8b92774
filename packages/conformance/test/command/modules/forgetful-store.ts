import type { Write } from "@persys/core";
import type { StateStoreHarness } from "../../../src/store-contract/state-store-harness.ts";
import { MapStateStore } from "../../support/map-state-store.ts";
import { mapHarness } from "./map-store.ts";

class ForgetfulStore extends MapStateStore {
  protected override apply(write: Write): void {
    if (write.kind !== "delete-record") super.apply(write);
  }
}

/** A store whose deletes do nothing. */
export const harness = async (): Promise<StateStoreHarness> =>
  mapHarness((storage) => new ForgetfulStore(storage));
