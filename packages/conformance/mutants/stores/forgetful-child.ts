import { ReferenceStateStore, SimulatedDisk } from "@persys/conformance";
import type { ChildStoreModule } from "@persys/conformance";

/** A store whose disk is in the memory of this process. */
export const openStore: ChildStoreModule["openStore"] = () =>
  new ReferenceStateStore(new SimulatedDisk());
