import { RedisStateStore } from "@persys/adapters/redis";
import { caseContext, stateStoreContract } from "@persys/conformance";
import { Redis } from "ioredis";
import { it } from "vitest";
import { describeWithRedis, sharedRedisUrl } from "../../../../test/redis/redis-host.ts";
import { keyOf, newNodeId } from "./redis-bench.ts";

describeWithRedis("RedisStateStore", () => {
  const cases = stateStoreContract(async () => {
    const url = sharedRedisUrl();
    const nodeId = newNodeId();
    const redis = new Redis(url, { protocol: 2 });
    const key = (name: string): string => keyOf(nodeId, name);
    return {
      store: () => new RedisStateStore({ url, nodeId }),
      damageRecord: async (id) => {
        const bytes = await redis.hgetBuffer(key("records"), id);
        if (bytes === null) throw new Error(`no record ${id}`);
        await redis.hset(key("records"), id, bytes.subarray(0, -1));
      },
      takeOver: async () => {
        await redis.multi().del(key("lease")).hset(key("owner"), "opening", "another").exec();
      },
      dispose: async () => {
        await redis.del(...["about", "owner", "lease", "records", "actions"].map(key));
        redis.disconnect();
      },
    };
  });

  for (const rule of cases)
    it(`${rule.id} ${rule.level}: ${rule.title}`, () => rule.run(caseContext()));
});
