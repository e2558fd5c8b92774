import { stateStoreContract } from "@persys/conformance";
import { describeContract } from "@persys/conformance/vitest";
import { describeWithRedis } from "../../../../test/redis/redis-host.ts";
import { harness } from "./redis-store-harness.ts";

describeWithRedis("with a Redis server", () => {
  describeContract("RedisStateStore", stateStoreContract(harness), {
    // A loss of power takes what the server's kernel had not written: that is the server's promise, which the store reads and tells.
    unjudged: ["store-power-loss"],
  });
});
