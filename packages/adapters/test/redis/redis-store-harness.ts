import { fileURLToPath } from "node:url";
import { RedisStateStore } from "@persys/adapters/redis";
import type {
  LimitedStorage,
  RemoteStorage,
  SlowWay,
  StateStoreHarness,
} from "@persys/conformance";
import { Redis } from "ioredis";
import { PrivateRedis } from "../../../../test/redis/private-redis.ts";
import { sharedRedisUrl } from "../../../../test/redis/redis-host.ts";
import { keyOf, newNodeId } from "./redis-bench.ts";
import { earlierRedisStates } from "./redis-fixtures.ts";
import { RedisProxy } from "./redis-proxy.ts";
import { storedInRedis } from "./stored-in-redis.ts";

/** So short that an owner that was replaced is told soon. */
const leaseMs = 1500;

/** Memory that is left on a server that is to be full, and what it is given back, in bytes. */
const roomBytes = 2 ** 21;

/** A node of its own in the server that all tests share, for the contract of state stores. */
export async function harness(): Promise<StateStoreHarness> {
  const url = sharedRedisUrl();
  const nodeId = newNodeId();
  const redis = new Redis(url, { protocol: 2 });
  const proxies: RedisProxy[] = [];
  const key = (name: string): string => keyOf(nodeId, name);
  return {
    store: () => new RedisStateStore({ url, nodeId, leaseMs }),
    damageRecord: async (id) => {
      const bytes = await redis.hgetBuffer(key("records"), id);
      if (bytes === null) throw new Error(`no record ${id}`);
      await redis.hset(key("records"), id, bytes.subarray(0, -1));
    },
    takeOver: async () => {
      await redis.multi().del(key("lease")).hset(key("owner"), "opening", "another").exec();
    },
    stored: storedInRedis(redis, nodeId),
    childProcess: {
      module: fileURLToPath(new URL("redis-store-child.ts", import.meta.url)),
      options: { url, nodeId },
    },
    slowWay: async () => {
      const proxy = await RedisProxy.launch(Number(new URL(url).port));
      proxies.push(proxy);
      return wayThrough(proxy, nodeId);
    },
    limited,
    remote,
    earlier: earlierRedisStates(),
    dispose: async () => {
      await redis.del(...["about", "owner", "lease", "records", "actions"].map(key));
      redis.disconnect();
      for (const proxy of proxies) await proxy.close();
    },
  };
}

function wayThrough(proxy: RedisProxy, nodeId: string): SlowWay {
  return {
    store: () => new RedisStateStore({ url: proxy.url, nodeId }),
    hold: async () => proxy.stall(),
  };
}

async function limited(): Promise<LimitedStorage> {
  const server = await PrivateRedis.launch();
  const redis = new Redis(server.url, { protocol: 2 });
  return {
    store: () => new RedisStateStore({ url: server.url, nodeId: "node-1" }),
    fill: async () => {
      const used = /^used_memory:(?<bytes>\d+)/m.exec(await redis.info("memory"));
      const bytes = Number(used?.groups?.["bytes"]) + roomBytes;
      await redis.config("SET", "maxmemory", bytes);
    },
    free: async () => {
      await redis.config("SET", "maxmemory", 0);
    },
    dispose: async () => {
      redis.disconnect();
      await server.remove();
    },
  };
}

async function remote(): Promise<RemoteStorage> {
  const server = await PrivateRedis.launch();
  return {
    store: () => new RedisStateStore({ url: server.url, nodeId: "node-1" }),
    down: () => server.kill(),
    up: () => server.up(),
    dispose: () => server.remove(),
  };
}
