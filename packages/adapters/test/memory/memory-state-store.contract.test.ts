import { stateStoreContract } from "@persys/conformance";
import { describeContract } from "@persys/conformance/vitest";
import { harness } from "./memory-store-harness.ts";

describeContract("MemoryStateStore", stateStoreContract(harness), {
  // Nothing of it outlives the process, and there is always room.
  unjudged: [
    "store-power-loss",
    "store-kill",
    "store-server-away",
    "store-fenced-late",
    "store-notices",
    "store-damaged-head",
    "store-newer-state",
    "store-earlier",
    "store-full",
    "store-full-open",
  ],
});
