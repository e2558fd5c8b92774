import { readFileSync } from "node:fs";
import { RedisStateStore } from "@persys/adapters/redis";
import type { EarlierState, ExtraStorage } from "@persys/conformance";
import { Redis } from "ioredis";
import { z } from "zod";
import { PrivateRedis } from "../../../../test/redis/private-redis.ts";
import {
  fixtureContent,
  fixtureFolder,
  fixtureNodeId,
  fixtureVersions,
} from "../support/state-fixture.ts";

/** Keys with their values in base64: of a string one, of a hash one for each field. */
const dumpShape = z.record(z.string(), z.union([z.string(), z.record(z.string(), z.string())]));

/** What a dump holds. */
export type RedisDump = z.infer<typeof dumpShape>;

/** What earlier releases left on a server. */
export function earlierRedisStates(): readonly EarlierState[] {
  return fixtureVersions.map((version) => ({
    name: `format ${version}`,
    ...fixtureContent(version),
    open: () => serverWith(`${fixtureFolder(version)}redis.json`),
  }));
}

async function serverWith(file: string): Promise<ExtraStorage> {
  const server = await PrivateRedis.launch();
  const redis = new Redis(server.url, { protocol: 2 });
  const dump = dumpShape.parse(JSON.parse(readFileSync(file, "utf8")));
  for (const [key, value] of Object.entries(dump)) {
    if (typeof value === "string") {
      await redis.set(key, Buffer.from(value, "base64"));
      continue;
    }
    for (const [field, text] of Object.entries(value)) {
      await redis.hset(key, field, Buffer.from(text, "base64"));
    }
  }
  redis.disconnect();
  return {
    store: () => new RedisStateStore({ url: server.url, nodeId: fixtureNodeId }),
    dispose: () => server.remove(),
  };
}
