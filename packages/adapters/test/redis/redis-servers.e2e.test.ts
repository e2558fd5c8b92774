import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { aRecord, anAction } from "@persys/conformance";
import { expect, it, onTestFinished } from "vitest";
import { PrivateRedis } from "../../../../test/redis/private-redis.ts";
import { describeWithRedis } from "../../../../test/redis/redis-host.ts";
import { eventually } from "../support/runtime-calls.ts";
import { clientAt, failureOf, keyOf, listening, never, readAt, storeAt } from "./redis-bench.ts";

const nodeId = "node-1";
const aBatch = [
  { kind: "put-record", record: aRecord() },
  { kind: "put-action", action: anAction({ seq: 1 }) },
] as const;

/** The rights that docs/operations.md names for a user of one node. */
const documentedRights =
  "~{persys:node-1}:* +@connection +evalsha +script|load +get +set +del +pttl +hget +hmget +hset +hdel +hlen +hscan +hincrby +info +config|get".split(
    " ",
  );

async function withUser(...rights: readonly string[]): Promise<PrivateRedis> {
  const server = await PrivateRedis.start("--requirepass", "admin-word");
  const admin = clientAt(server.url, { password: "admin-word" });
  await admin.call("ACL", ["SETUSER", "persys", "on", ">pass/word@1", ...rights]);
  return server;
}

function urlOf(server: PrivateRedis, user: string, password: string): string {
  const [name, word] = [user, password].map(encodeURIComponent);
  return `redis://${name}:${word}@127.0.0.1:${server.port}`;
}

describeWithRedis("RedisStateStore with users of the server", () => {
  it("works with the documented rights alone, and says nothing of the password", async () => {
    const server = await withUser(...documentedRights);
    const url = urlOf(server, "persys", "pass/word@1");
    const { logger, heard } = listening();
    const store = storeAt(url, nodeId, { logger });

    await store.open(never);
    await store.commit(aBatch);
    await store.commit([{ kind: "delete-actions", seqs: [1] }]);
    const owned = await failureOf(storeAt(url, nodeId).open(never));
    await clientAt(server.url, { password: "admin-word" }).call("CLIENT", [
      "KILL",
      "USER",
      "persys",
    ]);
    await expect
      .poll(() => heard, { timeout: 20_000 })
      .toContain("the connection to the state is back");
    await store.close();

    expect((await readAt(url, nodeId)).records).toEqual([aRecord()]);
    expect(owned.message).not.toContain("pass");
    expect(heard.filter((each) => !each.includes("connection"))).toEqual([]);
  });

  it("says that it is not let in, to whom a repetition is of no use", async () => {
    const server = await withUser(...documentedRights);

    const none = await failureOf(storeAt(server.url, nodeId).open(never));
    const wrong = await failureOf(storeAt(urlOf(server, "persys", "guess-1"), nodeId).open(never));
    const other = await failureOf(
      storeAt(urlOf(server, "persys", "pass/word@1"), "node-2").open(never),
    );

    const refused = { code: "STORE_UNAVAILABLE", effect: "none", retryable: false };
    expect(none).toMatchObject({ ...refused, details: { code: "NOAUTH" } });
    expect(wrong).toMatchObject({ ...refused, details: { code: "WRONGPASS" } });
    expect(other).toMatchObject({ ...refused, details: { code: "NOPERM" } });
    expect(inspect(wrong, { depth: 9, showHidden: true })).not.toContain("guess-1");
  });

  it("goes on once it is let in again, having said why it was not", async () => {
    const server = await withUser(...documentedRights);
    const { logger, heard } = listening();
    const store = storeAt(urlOf(server, "persys", "pass/word@1"), nodeId, { logger });
    await store.open(never);
    const admin = clientAt(server.url, { password: "admin-word" });

    await admin.call("ACL", ["SETUSER", "persys", "resetpass", ">another"]);
    await admin.call("CLIENT", ["KILL", "USER", "persys"]);
    await expect.poll(() => heard, { timeout: 20_000 }).toContain("the state is out of reach");
    const refused = await failureOf(store.commit(aBatch));
    await admin.call("ACL", ["SETUSER", "persys", ">pass/word@1"]);
    await expect
      .poll(() => heard, { timeout: 20_000 })
      .toContain("the connection to the state is back");
    await store.commit(aBatch);

    expect(refused).toMatchObject({ code: "STORE_UNAVAILABLE", effect: "none", retryable: true });
    expect(refused.message).toContain("WRONGPASS");
  });

  it.each(["hset", "hdel", "hincrby", "set", "del"])(
    "writes nothing at all, at open or in a batch, for a user who may not use %s",
    async (command) => {
      const server = await withUser(...documentedRights);
      const url = urlOf(server, "persys", "pass/word@1");
      const admin = clientAt(server.url, { password: "admin-word" });
      const store = storeAt(url, nodeId);
      await store.open(never);
      await admin.call("ACL", ["SETUSER", "persys", `-${command}`]);
      const isOfCommits = command.startsWith("h");

      const outcome = isOfCommits
        ? await failureOf(store.commit(aBatch))
        : await failureOf(storeAt(url, "node-1").open(never));

      expect(outcome.effect).toBe("none");
      expect(["NOPERM", undefined]).toContain(outcome.details["code"]);
      expect(await admin.exists(keyOf(nodeId, "records"), keyOf(nodeId, "actions"))).toBe(0);
    },
  );
});

describeWithRedis("RedisStateStore on a server that promises less than asked", () => {
  const warning = "the server keeps the state less safely than asked";

  it.each([
    ["appendfsync everysec", ["--appendfsync", "everysec"], "always", true],
    ["appendfsync everysec, which was asked for", ["--appendfsync", "everysec"], "everysec", false],
    ["appendfsync no", ["--appendfsync", "no"], "everysec", true],
    ["no append-only file", ["--appendonly", "no"], "everysec", true],
    ["no append-only file, which was asked for", ["--appendonly", "no"], "none", false],
    ["no fsync while it rewrites", ["--no-appendfsync-on-rewrite", "yes"], "always", true],
    ["eviction of any key", ["--maxmemory-policy", "allkeys-lru"], "none", true],
    ["eviction of keys that expire", ["--maxmemory-policy", "volatile-lru"], "always", false],
  ] as const)("is used, warning or not: %s", async (_title, settings, durability, isWarned) => {
    const server = await PrivateRedis.start(...settings);
    const { logger, heard } = listening();
    const store = storeAt(server.url, nodeId, { logger, durability });

    await store.open(never);
    await store.commit(aBatch);

    expect(heard).toEqual(isWarned ? [warning] : []);
  });

  it("warns as well where the server does not tell", async () => {
    const server = await withUser(...documentedRights.filter((right) => right !== "+config|get"));
    const { logger, heard } = listening();
    const store = storeAt(urlOf(server, "persys", "pass/word@1"), nodeId, { logger });

    await store.open(never);

    expect(heard).toEqual([warning]);
    expect(store.durability).toMatchObject({ hasAppendOnlyFile: true, appendFsync: undefined });
  });

  it("warns once it is found out after a reconnection, and not again while nothing changes", async () => {
    const server = await PrivateRedis.start();
    const { logger, heard } = listening();
    const store = storeAt(server.url, nodeId, { logger });
    await store.open(never);
    const redis = clientAt(server.url);

    await redis.config("SET", "appendfsync", "everysec");
    const back = "the connection to the state is back";
    for (let times = 1; times <= 2; times += 1) {
      await redis.call("CLIENT", ["KILL", "TYPE", "normal", "SKIPME", "yes"]);
      await expect
        .poll(() => heard.filter((each) => each === back), { timeout: 20_000 })
        .toHaveLength(times);
      await expect.poll(() => store.durability?.appendFsync, { timeout: 20_000 }).toBe("everysec");
    }

    expect(heard.filter((each) => each === warning)).toHaveLength(1);
  });
});

describeWithRedis("RedisStateStore on a cluster", () => {
  const clusterSettings = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];

  it("works on a single member that has all slots", async () => {
    const server = await PrivateRedis.start(...clusterSettings);
    await clientAt(server.url).call("CLUSTER", ["ADDSLOTSRANGE", 0, 16_383]);
    const store = storeAt(server.url, nodeId);
    await eventually(async () => {
      const info = await clientAt(server.url).call("CLUSTER", ["INFO"]);
      return String(info).includes("cluster_state:ok");
    }, 20_000);

    await store.open(never);
    await store.commit(aBatch);
    await store.close();

    expect((await readAt(server.url, nodeId)).records).toEqual([aRecord()]);
  });

  it("follows the keys from member to member", async () => {
    const [one, other] = [
      await PrivateRedis.start(...clusterSettings),
      await PrivateRedis.start(...clusterSettings),
    ];
    const [atOne, atOther] = [clientAt(one.url), clientAt(other.url)];
    await atOne.call("CLUSTER", ["ADDSLOTSRANGE", 0, 16_383]);
    await atOne.call("CLUSTER", ["MEET", "127.0.0.1", other.port]);
    await eventually(async () => {
      const states = await Promise.all([atOne, atOther].map((at) => at.call("CLUSTER", ["INFO"])));
      return states.every((state) => /cluster_state:ok[^]*known_nodes:2/.test(String(state)));
    }, 30_000);
    const store = storeAt(other.url, nodeId);
    await store.open(never);
    await store.commit(aBatch);
    const ids = [await atOne.call("CLUSTER", ["MYID"]), await atOther.call("CLUSTER", ["MYID"])];
    const slot = await atOne.cluster("KEYSLOT", keyOf(nodeId, "owner"));

    const keys = ["about", "owner", "lease", "records", "actions"].map((name) =>
      keyOf(nodeId, name),
    );
    await atOther.call("CLUSTER", ["SETSLOT", slot, "IMPORTING", String(ids[0])]);
    await atOne.call("CLUSTER", ["SETSLOT", slot, "MIGRATING", String(ids[1])]);
    const target = ["127.0.0.1", other.port, "", 0, 5000, "KEYS", ...keys];
    await atOne.call("MIGRATE", target);
    const meanwhile = await failureOf(store.commit(aBatch));
    for (const at of [atOther, atOne])
      await at.call("CLUSTER", ["SETSLOT", slot, "NODE", String(ids[1])]);
    await eventually(async () => {
      const done = await store.commit(aBatch).then(
        () => true,
        () => false,
      );
      return done;
    }, 20_000);
    await store.close();

    expect(meanwhile).toMatchObject({
      code: "STORE_UNAVAILABLE",
      effect: "none",
      retryable: true,
    });
    expect(await atOther.hlen(keyOf(nodeId, "records"))).toBe(1);
    expect((await readAt(one.url, nodeId)).records).toEqual([aRecord()]);
  });
});

describeWithRedis("RedisStateStore over TLS", () => {
  it("checks the certificate, and shows its own where that is asked for", async () => {
    const folder = await temporaryFolder();
    makeCertificate(folder);
    const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const files = ["ca-cert", "cert"].flatMap((name) => [`--tls-${name}-file`, certFile]);
    const ports = ["--port", "0", "--tls-port", "PORT"];
    const server = await PrivateRedis.start(...ports, ...files, "--tls-key-file", keyFile);
    const [cert, key] = ["cert.pem", "key.pem"].map((name) =>
      readFileSync(join(folder, name), "utf8"),
    );
    const url = server.url.replace("redis:", "rediss:").replace("127.0.0.1", "localhost");
    const tls = { ca: cert ?? "", cert: cert ?? "", key: key ?? "" };

    const untrusted = await failureOf(storeAt(url, nodeId).open(never));
    const nameless = await failureOf(storeAt(url, nodeId, { tls: { ca: tls.ca } }).open(never));
    const store = storeAt(url, nodeId, { tls });
    await store.open(never);
    await store.commit(aBatch);

    expect(untrusted).toMatchObject({ code: "STORE_UNAVAILABLE", effect: "none" });
    expect(untrusted.details["code"]).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    expect(nameless).toMatchObject({ code: "STORE_UNAVAILABLE", effect: "none" });
  });
});

async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "persys-redis-tls-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function makeCertificate(folder: string): void {
  const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  const { status, stderr } = spawnSync("openssl", [...words.split(" "), ...names, ...files]);
  if (status !== 0) throw new Error(`openssl: ${String(stderr)}`);
}
