import type { Redis } from "ioredis";
import { beforeEach, expect, it } from "vitest";
import { describeWithRedis, sharedRedisUrl } from "../../../../test/redis/redis-host.ts";
import { keysOf, type RedisKeys } from "../../src/redis/redis-keys.ts";
import {
  claimScript,
  commitScript,
  type RedisScript,
  releaseScript,
  renewScript,
  takeScript,
} from "../../src/redis/redis-scripts.ts";
import { clientAt, newNodeId } from "./redis-bench.ts";

const leaseMs = 60_000;

describeWithRedis("the scripts, whatever happens between a look and a step,", () => {
  let redis: Redis;
  let keys: RedisKeys;

  beforeEach(async () => {
    redis = clientAt(sharedRedisUrl());
    keys = keysOf(newNodeId());
    await redis.hset(keys.owner, { opening: "now", connection: 3, commits: 5 });
  });

  const run = async (
    { lua }: RedisScript,
    over: readonly (keyof RedisKeys)[],
    ...args: (string | number)[]
  ): Promise<readonly string[]> => {
    const names = over.map((name) => keys[name]);
    const answer = await redis.eval(lua, names.length, ...names, ...args);
    return Array.isArray(answer) ? answer.map(String) : [];
  };
  const take = (expected: string, displaced: string) =>
    run(takeScript, ["owner", "lease", "about"], expected, "next", "?", leaseMs, displaced, "");
  const claim = (opening: string, connection: number, commits: number) =>
    run(claimScript, ["owner", "lease"], opening, connection, leaseMs, commits);
  const commit = (opening: string, connection: number, ...changes: (string | number)[]) =>
    run(commitScript, ["owner", "records", "actions"], opening, connection, ...changes);

  it("take no state whose lease was renewed meanwhile", async () => {
    await redis.set(keys.lease, "now");

    expect(await take("now", "")).toEqual(["OWNED"]);
    expect(await take("now", "before")).toEqual(["OWNED"]);
    expect(await redis.hget(keys.owner, "opening")).toBe("now");
  });

  it("take no state that another opener has taken meanwhile", async () => {
    expect(await take("before", "")).toEqual(["CHANGED"]);
    expect(await redis.exists(keys.lease)).toBe(0);
  });

  it("take a state whose lease is over, or is that of an owner known to have ended", async () => {
    expect(await take("now", "")).toEqual(["OK"]);
    expect(await redis.get(keys.lease)).toBe("next");
    expect(await redis.pttl(keys.lease)).toBeGreaterThan(leaseMs / 2);

    await redis.hset(keys.owner, "opening", "later");
    expect(await take("later", "next")).toEqual(["OK"]);
  });

  it("give commits to the youngest connection of the owner alone", async () => {
    expect(await claim("before", 9, 0)).toEqual(["LOST"]);
    expect(await claim("now", 3, 5)).toEqual(["STALE"]);
    expect(await claim("now", 4, 6)).toEqual(["FORGOT", "5"]);
    expect(await claim("now", 4, 5)).toEqual(["OK", "5"]);

    expect(await commit("now", 3, 1, "1", "web", "?")).toEqual(["STALE"]);
    expect(await commit("before", 4, 1, "1", "web", "?")).toEqual(["LOST"]);
    expect(await redis.exists(keys.records)).toBe(0);
    expect(await commit("now", 4, 1, "1", "web", "?")).toEqual(["OK", "6"]);
    expect(await commit("now", 4, 0, "2", "web")).toEqual(["OK", "7"]);
    expect(await commit("now", 4, 0)).toEqual(["OK", "7"]);
  });

  it("renew and give up nobody else's lease", async () => {
    await redis.set(keys.lease, "other", "PX", 1000);

    expect(await run(renewScript, ["owner", "lease"], "before", leaseMs)).toEqual(["LOST"]);
    expect(await run(releaseScript, ["lease"], "now")).toEqual(["OK"]);
    expect(await redis.get(keys.lease)).toBe("other");
    expect(await run(releaseScript, ["lease"], "other")).toEqual(["OK"]);
    expect(await redis.exists(keys.lease)).toBe(0);
  });
});
