import { aRecord, aRevision, anId } from "@persys/conformance";
import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import { PrivateRedis } from "../../../../test/redis/private-redis.ts";
import { describeWithRedis } from "../../../../test/redis/redis-host.ts";
import { eventually } from "../support/runtime-calls.ts";
import { clientAt, failureOf, keyOf, listening, never, readAt, storeAt } from "./redis-bench.ts";
import { RedisProxy } from "./redis-proxy.ts";
import type { RedisStateStore } from "@persys/adapters/redis";

const nodeId = "node-1";

function put(store: RedisStateStore, id: string, generation = 1): Promise<void> {
  return store.commit([{ kind: "put-record", record: aRecord({ id, generation }) }]);
}

/** Repeats a commit as the engine does, until it is acknowledged. */
async function insist(store: RedisStateStore, id: string, generation = 1): Promise<void> {
  await eventually(async () => {
    try {
      await put(store, id, generation);
      return true;
    } catch (error) {
      if (!AgentError.hasCode(error, "STORE_UNAVAILABLE")) throw error;
      return false;
    }
  }, 20_000);
}

describeWithRedis("RedisStateStore whose server goes away", () => {
  it("loses nothing that was acknowledged and leaves no half batch, 10 kills over", async () => {
    const server = await PrivateRedis.start();
    const store = storeAt(server.url, nodeId);
    await store.open(never);
    const acknowledged = new Map<string, number>();
    const over = new AbortController();
    const write = async (writer: number): Promise<void> => {
      for (let generation = 1; !over.signal.aborted; generation += 1) {
        try {
          await store.commit([
            { kind: "put-record", record: aRecord({ id: `left-${writer}`, generation }) },
            { kind: "put-record", record: aRecord({ id: `right-${writer}`, generation }) },
          ]);
          acknowledged.set(String(writer), generation);
        } catch (error) {
          if (!AgentError.hasCode(error, "STORE_UNAVAILABLE")) throw error;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    const writers = Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer)));

    const redis = () => clientAt(server.url);
    for (let round = 1; round <= 10; round += 1) {
      const before = acknowledged.get("0") ?? 0;
      // Another number of commits each time, so that the end comes anywhere.
      await eventually(() => (acknowledged.get("0") ?? 0) > before + round * 3, 20_000);
      await server.kill();
      const known = new Map(acknowledged);
      await server.up();
      const client = redis();
      const stored = await client.hgetallBuffer(keyOf(nodeId, "records"));
      expect(Object.keys(stored)).toHaveLength(32);
      client.disconnect();
      for (const [writer, generation] of known) {
        const text = stored[`left-${writer}`]?.toString("latin1") ?? "";
        const found = Number(/"generation":(?<n>\d+)/.exec(text)?.groups?.["n"]);
        expect(found).toBeGreaterThanOrEqual(generation);
      }
    }
    over.abort();
    await writers;
    await store.close();

    const { records, quarantined, epoch } = await readAt(server.url, nodeId);
    const generations = new Map(records.map(({ id, generation }) => [String(id), generation]));
    expect(quarantined).toEqual([]);
    expect(epoch).toBe(2);
    for (let writer = 0; writer < 16; writer += 1) {
      const left = generations.get(`left-${writer}`);
      expect(left).toBe(generations.get(`right-${writer}`));
      expect(left).toBeGreaterThanOrEqual(acknowledged.get(String(writer)) ?? 0);
    }
  });

  it("refuses commits at once while it is away, as retryable and without effect, and heals", async () => {
    const server = await PrivateRedis.start();
    const { logger, heard } = listening();
    const store = storeAt(server.url, nodeId, { logger });
    await store.open(never);

    await server.kill();
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(2);
    const refused = await failureOf(put(store, "web"));
    await server.up();
    await insist(store, "web");

    expect(refused).toMatchObject({
      code: "STORE_UNAVAILABLE",
      effect: "none",
      retryable: true,
    });
    expect(heard).toEqual([
      "the connection to the state was lost; commits fail until it is back",
      "the state is out of reach",
      "the connection to the state is back",
    ]);
  });

  it("fails a commit whose answer does not come in time, with unknown effect, and heals", async () => {
    const server = await PrivateRedis.start();
    const store = storeAt(server.url, nodeId, { answerTimeoutMs: 1000 });
    await store.open(never);

    server.freeze();
    const failed = await failureOf(put(store, "web"));
    server.thaw();
    await insist(store, "web", 2);

    expect(failed).toMatchObject({
      code: "STORE_UNAVAILABLE",
      effect: "unknown",
      retryable: true,
    });
    await store.close();
    expect((await readAt(server.url, nodeId)).records).toMatchObject([{ generation: 2 }]);
  });

  it("acknowledges nothing while the server holds back writes, and waits them out", async () => {
    const server = await PrivateRedis.start();
    const store = storeAt(server.url, nodeId);
    await store.open(never);
    const redis = clientAt(server.url);
    await redis.client("PAUSE", 60_000, "WRITE");
    let isDone = false;

    const commit = put(store, "web").then(() => {
      isDone = true;
    });
    await redis.ping();
    const wasDone = isDone;
    await redis.client("UNPAUSE");
    await commit;

    expect(wasDone).toBe(false);
  });

  it("has no effect any more from a commit that was given up, however late it comes in", async () => {
    const server = await PrivateRedis.start();
    const proxy = await RedisProxy.open(server.port);
    const store = storeAt(proxy.url, nodeId, { answerTimeoutMs: 1000 });
    await store.open(never);
    await put(store, "web", 1);

    const letThrough = proxy.stall();
    const failed = await failureOf(put(store, "web", 2));
    await insist(store, "web", 3);
    const redis = clientAt(server.url);
    const calls = await evalshaCalls(redis);
    letThrough();
    await eventually(async () => (await evalshaCalls(redis)) > calls);
    await store.close();

    expect(failed.effect).toBe("unknown");
    expect((await readAt(server.url, nodeId)).records).toMatchObject([{ generation: 3 }]);
  });

  it("notices a connection that died without a word, by the renewals of its lease", async () => {
    const server = await PrivateRedis.start();
    const proxy = await RedisProxy.open(server.port);
    const { logger, heard } = listening();
    const store = storeAt(proxy.url, nodeId, { logger, leaseMs: 300, answerTimeoutMs: 1000 });
    await store.open(never);

    proxy.stall();

    await expect
      .poll(() => heard, { timeout: 20_000 })
      .toContain("the connection to the state is back");
    await put(store, "web");
  });

  it("fails what is under way with unknown effect when the connection breaks", async () => {
    const server = await PrivateRedis.start();
    const proxy = await RedisProxy.open(server.port);
    const store = storeAt(proxy.url, nodeId);
    await store.open(never);

    proxy.stall();
    const commits = [put(store, "a"), put(store, "b")].map(failureOf);
    proxy.cut();

    for (const failed of await Promise.all(commits))
      expect(failed).toMatchObject({ code: "STORE_UNAVAILABLE", effect: "unknown" });
    await insist(store, "a");
  });

  it("closes in bounded time while the server is away or silent", async () => {
    const server = await PrivateRedis.start();
    const away = storeAt(server.url, "away");
    const silent = storeAt(server.url, "silent", { answerTimeoutMs: 1000 });
    await away.open(never);
    await silent.open(never);

    server.freeze();
    await silent.close();
    server.thaw();
    await server.kill();
    await away.close();

    expect(await failureOf(put(away, "web"))).toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("cannot be opened where there is no server, nor where it is silent", async () => {
    const server = await PrivateRedis.start();
    const store = storeAt(server.url, nodeId, { answerTimeoutMs: 1000 });

    server.freeze();
    const silent = await failureOf(store.open(never));
    const abort = new AbortController();
    const patient = storeAt(server.url, nodeId).open(abort.signal);
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(patient).rejects.toBe(reason);
    server.thaw();
    await server.kill();
    const absent = await failureOf(store.open(never));

    expect(silent).toMatchObject({ code: "STORE_UNAVAILABLE", effect: "none", retryable: true });
    expect(absent).toMatchObject({
      code: "STORE_UNAVAILABLE",
      effect: "none",
      retryable: true,
      details: { code: "ECONNREFUSED" },
    });
  });

  it("runs its scripts again after the server has dropped them", async () => {
    const server = await PrivateRedis.start();
    const store = storeAt(server.url, nodeId);
    await store.open(never);
    await clientAt(server.url).script("FLUSH");

    const failed = await failureOf(put(store, "web"));
    await insist(store, "web");

    expect(failed).toMatchObject({ effect: "none", details: { code: "NOSCRIPT" } });
  });
});

describeWithRedis("RedisStateStore whose server has lost what it acknowledged", () => {
  it("gives up the state when it is gone", async () => {
    const server = await PrivateRedis.start("--appendonly", "no");
    const store = storeAt(server.url, nodeId);
    await store.open(never);
    await put(store, "web");

    await server.kill();
    await server.up();

    await expect
      .poll(() => failureOf(put(store, "web")), { timeout: 20_000 })
      .toMatchObject({ code: "OWNERSHIP_LOST", effect: "none" });
    expect(await clientAt(server.url).dbsize()).toBe(0);
  });

  it("gives up the state when some of it is gone", async () => {
    const server = await PrivateRedis.start();
    const store = storeAt(server.url, nodeId);
    await store.open(never);
    await put(store, "web");
    const redis = clientAt(server.url);

    await redis.hincrby(keyOf(nodeId, "owner"), "commits", -1);
    await redis.call("CLIENT", ["KILL", "TYPE", "normal", "SKIPME", "yes"]);

    await expect
      .poll(() => failureOf(put(store, "web")), { timeout: 20_000 })
      .toMatchObject({ code: "OWNERSHIP_LOST", effect: "none" });
  });
});

describeWithRedis("RedisStateStore on a full server", () => {
  const wanted = aRevision({ spec: { text: "x".repeat(100_000) } });

  it("fails what needs room without effect, takes deletes, and is opened all the same", async () => {
    const server = await PrivateRedis.start("--maxmemory", "5mb");
    const store = storeAt(server.url, nodeId);
    await store.open(never);
    let kept = 0;

    const fill = async (): Promise<never> => {
      for (; ; kept += 1)
        await store.commit([{ kind: "put-record", record: aRecord({ id: `w${kept}`, wanted }) }]);
    };
    const full = await failureOf(fill());
    const mixed = await failureOf(
      store.commit([
        { kind: "delete-record", id: anId("w0") },
        { kind: "put-record", record: aRecord({ id: "late", wanted }) },
      ]),
    );
    await store.close();
    const { records, epoch } = await store.open(never);
    for (let n = 0; n < kept; n += 1)
      await store.commit([{ kind: "delete-record", id: anId(`w${n}`) }]);
    await put(store, "after");
    await store.close();

    expect(full).toMatchObject({ code: "STORE_FULL", effect: "none", retryable: true });
    expect(mixed).toMatchObject({ code: "STORE_FULL", effect: "none" });
    expect(records).toHaveLength(kept);
    expect(epoch).toBe(2);
    expect((await readAt(server.url, nodeId)).records.map(({ id }) => id)).toEqual(["after"]);
  });
});

describeWithRedis("RedisStateStore on a replica", () => {
  it("is not opened; and an owner whose server becomes one waits until it is none", async () => {
    const server = await PrivateRedis.start();
    const store = storeAt(server.url, nodeId);
    await store.open(never);
    const redis = clientAt(server.url);

    await redis.replicaof("127.0.0.1", 1);
    const refused = await failureOf(put(store, "web"));
    const unopened = await failureOf(storeAt(server.url, "other").open(never));
    await redis.replicaof("NO", "ONE");
    await insist(store, "web");

    for (const each of [refused, unopened])
      expect(each).toMatchObject({
        code: "STORE_UNAVAILABLE",
        effect: "none",
        retryable: true,
        details: { code: "READONLY" },
      });
  });
});

describe("RedisStateStore at the address of another service", () => {
  it("is not opened", async () => {
    const server = await import("node:http").then(({ createServer }) => createServer());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;

    const refused = await failureOf(storeAt(`redis://127.0.0.1:${port}`, nodeId).open(never));
    server.closeAllConnections();
    server.close();

    expect(refused).toMatchObject({ code: "STORE_UNAVAILABLE", effect: "none" });
  });
});

/** How many scripts the server has run. */
async function evalshaCalls(redis: ReturnType<typeof clientAt>): Promise<number> {
  const text = await redis.info("commandstats");
  return Number(/^cmdstat_evalsha:calls=(?<n>\d+)/m.exec(text)?.groups?.["n"] ?? 0);
}
