import { hostname } from "node:os";
import { RedisStateStore } from "@persys/adapters/redis";
import { aRecord, anAction, anId } from "@persys/conformance";
import type { Redis } from "ioredis";
import { beforeEach, describe, expect, it } from "vitest";
import { describeWithRedis, sharedRedisUrl } from "../../../../test/redis/redis-host.ts";
import { sealEnvelope } from "../../src/shared/record-codec/envelope.ts";
import {
  clientAt,
  failureOf,
  keyOf,
  listening,
  never,
  newNodeId,
  readAt,
  storeAt,
} from "./redis-bench.ts";

describeWithRedis("RedisStateStore", () => {
  let url: string;
  let nodeId: string;
  let redis: Redis;
  const key = (name: string): string => keyOf(nodeId, name);
  const read = () => readAt(url, nodeId);

  beforeEach(() => {
    url = sharedRedisUrl();
    nodeId = newNodeId();
    redis = clientAt(url);
  });

  async function write(): Promise<void> {
    const store = storeAt(url, nodeId);
    await store.open(never);
    await store.commit([
      { kind: "put-record", record: aRecord({ id: "web", observedSequence: [7, 1] }) },
      { kind: "put-action", action: anAction({ seq: 1 }) },
      { kind: "put-action", action: anAction({ seq: 2 }) },
    ]);
    await store.close();
  }

  describe("with several nodes in one database", () => {
    it("keeps them apart, whatever their ids", async () => {
      const other = `${nodeId}}:{x y`;
      await write();
      const store = storeAt(url, other);
      const { records } = await store.open(never);
      await store.commit([{ kind: "put-record", record: aRecord({ id: "api" }) }]);

      expect(records).toEqual([]);
      expect((await read()).records.map(({ id }) => id)).toEqual(["web"]);
      expect(await redis.hkeys(keyOf(encodeURIComponent(other), "records"))).toEqual(["api"]);
    });

    it("refuses keys that hold the state of another node", async () => {
      await write();
      const other = newNodeId();
      const about = await redis.getBuffer(key("about"));
      await redis.set(keyOf(other, "about"), about ?? "");

      const refused = await failureOf(readAt(url, other));

      expect(refused).toMatchObject({ code: "STORE_UNAVAILABLE", fault: "user", effect: "none" });
      expect(refused.message).toContain(`of node ${nodeId}, not of ${other}`);
    });
  });

  describe("owned by another", () => {
    it("is refused, naming node and process, and the owner goes on", async () => {
      const beganMs = Date.now();
      const first = storeAt(url, nodeId);
      await first.open(never);

      const refused = await failureOf(storeAt(url, nodeId).open(never));
      await first.commit([{ kind: "put-record", record: aRecord() }]);
      await first.close();

      const { pid } = process;
      expect(refused).toMatchObject({
        code: "OWNED_BY_OTHER",
        effect: "none",
        details: { nodeId, pid, host: hostname() },
      });
      expect(refused.message).toContain(`state of node ${nodeId} in ${url}/0 is owned by`);
      expect(refused.message).toContain(`process ${pid} on ${hostname()} since 20`);
      expect(Number(refused.details["sinceMs"])).toBeGreaterThanOrEqual(beganMs);
      expect((await read()).records).toHaveLength(1);
    });

    it("goes to exactly one of many that open at once", async () => {
      const stores = Array.from({ length: 8 }, () => storeAt(url, nodeId));

      const opened = await Promise.allSettled(stores.map((store) => store.open(never)));

      expect(opened.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const each of opened)
        if (each.status === "rejected")
          expect(each.reason).toMatchObject({ code: "OWNED_BY_OTHER" });
    });

    it("tells the owner that was replaced by its next renewal, without a commit", async () => {
      const { logger, heard } = listening();
      const store = storeAt(url, nodeId, { logger, leaseMs: 60 });
      await store.open(never);

      await redis.hset(key("owner"), "opening", "another");

      await expect
        .poll(() => heard, { timeout: 20_000 })
        .toContain("the state is not ours any more: nothing is written from now on");
      const lost = await failureOf(store.commit([{ kind: "put-record", record: aRecord() }]));
      expect(lost).toMatchObject({ code: "OWNERSHIP_LOST", effect: "none" });
      expect(await redis.exists(key("records"))).toBe(0);
    });
  });

  describe("on damaged entries", () => {
    it("quarantines what lies under a key it cannot read, and leaves it there", async () => {
      await write();
      await redis.hset(key("records"), Buffer.from([0xff, 0, 0x80]), "?");
      await redis.hset(key("records"), "../x", "?");
      await redis.hset(key("actions"), "007", "?");

      const first = await read();
      const second = await read();

      expect(first.records).toHaveLength(1);
      expect(first.quarantined).toHaveLength(3);
      expect(first.quarantined.every(({ id }) => id.startsWith("unreadable-"))).toBe(true);
      expect(second.quarantined).toEqual(first.quarantined);
    });

    it("quarantines a record of a newer release, naming it as such, and leaves it there", async () => {
      await write();
      const newer = sealEnvelope({ kind: "R", version: 65_535, key: "web" }, "{}");
      await redis.hset(key("records"), "web", newer);

      const { quarantined } = await read();

      expect(quarantined).toMatchObject([{ id: "web" }]);
      expect(quarantined[0]?.why).toContain("written by a newer version of the agent");
      expect((await read()).quarantined).toEqual(quarantined);
    });

    it("removes damaged history with a warning, and keeps history of a newer release", async () => {
      await write();
      await redis.hset(key("actions"), "1", "?");
      await redis.hset(
        key("actions"),
        "3",
        sealEnvelope({ kind: "A", version: 2, key: "3" }, "{}"),
      );
      const { logger, heard } = listening();
      const store = storeAt(url, nodeId, { logger });

      const { actions } = await store.open(never);

      expect(actions.map(({ seq }) => seq)).toEqual([2]);
      expect(heard.filter((each) => each === "a history entry cannot be read")).toHaveLength(2);
      expect((await redis.hkeys(key("actions"))).toSorted()).toEqual(["2", "3"]);
    });

    it("goes on beyond every epoch it can have had when the last one is lost", async () => {
      await write();
      await redis.hset(key("owner"), "ownership", "?");

      const { epoch, records } = await read();

      expect(epoch).toBeGreaterThan(1_000_000);
      expect(records).toHaveLength(1);
      expect((await read()).epoch).toBe(epoch + 1);
    });

    it("writes its description anew when that is damaged, and refuses that of a newer release", async () => {
      await write();
      await redis.set(key("about"), Buffer.alloc(40));
      const { records } = await read();
      const found = await redis.getBuffer(key("about"));
      await redis.set(key("about"), sealEnvelope({ kind: "S", version: 9, key: "about" }, "{}"));

      const refused = await failureOf(read());

      expect(records).toHaveLength(1);
      expect(found?.toString("latin1")).toContain(nodeId);
      expect(refused).toMatchObject({ code: "STORE_UNAVAILABLE", fault: "user" });
      expect(refused.message).toContain("newer version");
    });

    it("writes nothing of a batch where something else lies under a key", async () => {
      const store = storeAt(url, nodeId);
      await store.open(never);
      await redis.set(key("actions"), "no hash");

      const failed = await failureOf(
        store.commit([
          { kind: "put-record", record: aRecord() },
          { kind: "put-action", action: anAction({ seq: 1 }) },
        ]),
      );

      expect(failed).toMatchObject({
        code: "STORE_UNAVAILABLE",
        effect: "none",
        details: { code: "WRONGTYPE" },
      });
      expect(await redis.exists(key("records"))).toBe(0);
    });
  });

  describe("while it opens", () => {
    it("stops for an abort, holds nothing, and can be opened afterwards", async () => {
      const store = storeAt(url, nodeId);
      await store.open(never);
      const ids = Array.from({ length: 3000 }, (_, n) => `w${n}`);
      await store.commit(ids.map((id) => ({ kind: "put-record", record: aRecord({ id }) })));
      await store.close();
      const abort = new AbortController();
      const reason = new Error("enough");

      const opening = store.open(abort.signal);
      await expect.poll(() => redis.exists(key("lease")), { interval: 1, timeout: 20_000 }).toBe(1);
      abort.abort(reason);

      await expect(opening).rejects.toBe(reason);
      expect((await read()).records).toHaveLength(3000);
    });

    it("is closed by a close that was called meanwhile", async () => {
      const store = storeAt(url, nodeId);

      const opening = store.open(never);
      await Promise.all([opening, store.close()]);

      expect(await failureOf(store.commit([]))).toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect((await read()).epoch).toBe(2);
    });

    it("refuses to be opened twice, and stays open", async () => {
      const store = storeAt(url, nodeId);
      await store.open(never);

      await expect(store.open(never)).rejects.toThrow("opened once");
      await store.commit([{ kind: "delete-record", id: anId("web") }]);
    });
  });

  describe("with many batches at once", () => {
    it("refuses those beyond its limit at once, without effect", async () => {
      const store = storeAt(url, nodeId, { waitingBatchesMax: 2 });
      await store.open(never);
      const put = (id: string) => store.commit([{ kind: "put-record", record: aRecord({ id }) }]);

      const [, , third] = await Promise.allSettled([put("a"), put("b"), put("c")]);

      expect(third).toMatchObject({
        reason: { code: "STORE_UNAVAILABLE", effect: "none", retryable: true },
      });
      expect((await redis.hkeys(key("records"))).toSorted()).toEqual(["a", "b"]);
      await put("d");
    });
  });

  it("says how safe a commit is", async () => {
    const { logger, heard } = listening();
    const store = storeAt(url, nodeId, { logger });
    expect(store.durability).toBeUndefined();

    await store.open(never);

    expect(store.durability).toEqual({
      hasAppendOnlyFile: true,
      appendFsync: "always",
      pausesFsync: false,
      evictionPolicy: "noeviction",
    });
    expect(heard).toEqual([]);
  });
});

describe("RedisStateStore's URL", () => {
  it("is refused before anything is done when it is none, without showing what is in it", () => {
    const make = () => new RedisStateStore({ url: "http://u:secret@host", nodeId: "n" });

    expect(make).toThrow(RangeError);
    expect(make).not.toThrow("secret");
  });
});
