import { stateStoreContract } from "@persys/conformance";
import { describeContract } from "@persys/conformance/vitest";
import { harness } from "./lmdb-store-harness.ts";
import { mayMount } from "./small-disk.ts";

const onFullDisks = mayMount() ? [] : ["store-full", "store-full-open"];

describeContract("LmdbStateStore", stateStoreContract(harness), {
  // There is no server, nor a network; what is lost with the power is tested by what it writes, and a lock that a kernel keeps is not lost.
  unjudged: [
    "store-power-loss",
    "store-server-away",
    "store-fenced-late",
    "store-notices",
    ...onFullDisks,
  ],
});
