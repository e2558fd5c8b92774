import { hostname } from "node:os";
import type { Redis } from "ioredis";
import { beforeEach, expect, it } from "vitest";
import { PrivateRedis } from "../../../../test/redis/private-redis.ts";
import { describeWithRedis, sharedRedisUrl } from "../../../../test/redis/redis-host.ts";
import { ownershipCodec, thisOwner } from "../../src/redis/owner.ts";
import { eventually } from "../support/runtime-calls.ts";
import { NetworkNamespace } from "../../../../test/redis/network-namespace.ts";
import { OwnerProcess } from "./owner-process.ts";
import { clientAt, failureOf, keyOf, never, newNodeId, readAt, storeAt } from "./redis-bench.ts";

/** So long that no test ends because of it. */
const longMs = 600_000;

describeWithRedis("the state of a node that another process owns", () => {
  let url: string;
  let nodeId: string;
  let redis: Redis;
  const ids = async (): Promise<readonly string[]> =>
    (await readAt(url, nodeId)).records.map(({ id }) => id).toSorted();

  beforeEach(() => {
    url = sharedRedisUrl();
    nodeId = newNodeId();
    redis = clientAt(url);
  });

  it("is refused at once, naming the process, and free at once when that was killed", async () => {
    const owner = new OwnerProcess({ url, nodeId, leaseMs: longMs });
    expect(await owner.line()).toBe("open 1");

    const refused = await failureOf(storeAt(url, nodeId).open(never));
    const kept = await owner.commit("web");
    await owner.kill();
    const { epoch, records } = await readAt(url, nodeId);

    expect(refused).toMatchObject({ code: "OWNED_BY_OTHER", details: { pid: owner.pid } });
    expect(refused.message).toContain(`process ${owner.pid} on ${hostname()} since `);
    expect(kept).toBe("kept");
    expect(epoch).toBe(2);
    expect(records).toHaveLength(1);
  });

  it("goes to exactly one of many that start at once", async () => {
    const starters = Array.from(
      { length: 5 },
      () => new OwnerProcess({ url, nodeId, leaseMs: longMs }),
    );

    const said = await Promise.all(starters.map((each) => each.line()));

    expect(said.filter((line) => line?.startsWith("open"))).toEqual(["open 1"]);
    expect(said.filter((line) => line?.startsWith("refused OWNED_BY_OTHER"))).toHaveLength(4);
  });

  it("is taken from an owner that is paused beyond its lease, which never writes again", async () => {
    const owner = new OwnerProcess({ url, nodeId, leaseMs: 400 });
    expect(await owner.line()).toBe("open 1");
    expect(await owner.commit("before")).toBe("kept");

    await owner.freeze();
    owner.tell("late");
    const successor = storeAt(url, nodeId);
    await eventually(() => successor.open(never).then(() => true, isRefused), 20_000);
    owner.thaw();
    const late = await owner.line();
    const later = await owner.commit("later");
    await successor.close();

    expect(late).toBe("failed OWNERSHIP_LOST none");
    expect(later).toBe("failed OWNERSHIP_LOST none");
    expect(await ids()).toEqual(["before"]);
  });

  it("stays with an owner that was paused beyond its lease when nobody else came", async () => {
    const owner = new OwnerProcess({ url, nodeId, leaseMs: 100 });
    expect(await owner.line()).toBe("open 1");

    await owner.freeze();
    await eventually(async () => (await redis.exists(keyOf(nodeId, "lease"))) === 0);
    owner.thaw();

    expect(await owner.commit("web")).toBe("kept");
    await eventually(async () => (await redis.exists(keyOf(nodeId, "lease"))) === 1);
  });

  it("is refused where the owner cannot be seen, once its lease was renewed", async () => {
    const wrapper = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const owner = new OwnerProcess({ url, nodeId, leaseMs: 3000, wrapper });
    expect(await owner.line()).toBe("open 1");

    const refused = await failureOf(storeAt(url, nodeId, { leaseMs: 3000 }).open(never));

    expect(refused).toMatchObject({
      code: "OWNED_BY_OTHER",
      details: { pid: 1, host: hostname() },
    });
    expect(await owner.commit("web")).toBe("kept");
  });

  it("is taken from an owner that is cut off, which writes nothing when it is back", async () => {
    const network = NetworkNamespace.make();
    const server = await PrivateRedis.start(
      "--bind",
      "127.0.0.1",
      network.hostAddress,
      "--protected-mode",
      "no",
    );
    // A machine of its own, as far as can be seen from here.
    const wrapper = [
      ...network.wrapper,
      "unshare",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
    ];
    const far = `redis://${network.hostAddress}:${server.port}`;
    const owner = new OwnerProcess({ url: far, nodeId, leaseMs: 3000, wrapper });
    expect(await owner.line()).toBe("open 1");
    expect(await owner.commit("before")).toBe("kept");
    const refused = await failureOf(storeAt(server.url, nodeId, { leaseMs: 3000 }).open(never));

    network.cut();
    owner.tell("cut-off");
    const { epoch } = await readAt(server.url, nodeId);
    const failed = await owner.line();
    network.mend();
    await eventually(
      async () => (await owner.commit("late")) === "failed OWNERSHIP_LOST none",
      20_000,
    );

    expect(refused.code).toBe("OWNED_BY_OTHER");
    expect(epoch).toBe(2);
    expect(failed).toBe("failed STORE_UNAVAILABLE unknown");
    expect((await readAt(server.url, nodeId)).records.map(({ id }) => id)).toEqual(["before"]);
  });

  it("is taken where the owner cannot be seen, once its lease was over", async () => {
    const far = { ...thisOwner(7, "far"), pidSpace: "of another machine", host: "elsewhere" };
    await redis.hset(keyOf(nodeId, "owner"), "opening", "far");
    await redis.hset(keyOf(nodeId, "owner"), "ownership", ownershipCodec.encode(far));
    await redis.set(keyOf(nodeId, "lease"), "far", "PX", 300);

    const { epoch } = await readAt(url, nodeId);

    expect(epoch).toBe(8);
  });

  it("is not waited for any longer once the opening is aborted", async () => {
    const far = { ...thisOwner(7, "far"), pidSpace: "of another machine" };
    await redis.hset(keyOf(nodeId, "owner"), "opening", "far");
    await redis.hset(keyOf(nodeId, "owner"), "ownership", ownershipCodec.encode(far));
    await redis.set(keyOf(nodeId, "lease"), "far", "PX", longMs);
    const abort = new AbortController();
    const reason = new Error("enough");

    const opening = storeAt(url, nodeId).open(abort.signal);
    const looks = async (): Promise<number> =>
      Number(
        /^cmdstat_pttl:calls=(?<n>\d+)/m.exec(await redis.info("commandstats"))?.groups?.["n"] ?? 0,
      );
    const before = await looks();
    await eventually(async () => (await looks()) > before);
    abort.abort(reason);

    await expect(opening).rejects.toBe(reason);
    expect(await redis.get(keyOf(nodeId, "lease"))).toBe("far");
  });
});

function isRefused(error: unknown): boolean {
  if (error instanceof Error && "code" in error && error.code === "OWNED_BY_OTHER") return false;
  throw error;
}
