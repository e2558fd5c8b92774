import { AgentError } from "@persys/core";
import { describe, expect, it } from "vitest";
import { type Change, GroupCommitter } from "../../src/lmdb/group-committer.ts";
import type { Transaction } from "../../src/lmdb/lmdb-environment.ts";

/** Storage that applies a transaction whole or not at all, a turn after it was asked to. */
class Storage {
  readonly values: Map<string, string> = new Map();
  /** How many transactions have succeeded. */
  syncs = 0;

  transact = async (change: Change): Promise<void> => {
    const draft = new Map(this.values);
    const transaction: Transaction = {
      get: (key) => Buffer.from(draft.get(key.toString()) ?? ""),
      put: (key, value) => void draft.set(key.toString(), Buffer.from(value).toString()),
      remove: (key) => void draft.delete(key.toString()),
    };
    change(transaction);
    await new Promise((resolve) => setImmediate(resolve));
    this.values.clear();
    for (const [key, value] of draft) this.values.set(key, value);
    this.syncs += 1;
  };
}

const put = (key: string, value = "1"): Change => {
  return (transaction) => transaction.put(Buffer.from(key), Buffer.from(value));
};

const failing = (code: "STORE_FULL" | "OWNERSHIP_LOST", effect: "none" | "unknown"): Change => {
  return (transaction) => {
    transaction.put(Buffer.from("half"), Buffer.from("1"));
    throw new AgentError(code, "no", { effect });
  };
};

describe("GroupCommitter", () => {
  it("lets batches of one turn share one sync, and those that come meanwhile the next", async () => {
    const storage = new Storage();
    const committer = new GroupCommitter(storage.transact, 100);

    const first = Array.from({ length: 10 }, (_, n) => committer.commit(put(`a${n}`)));
    await Promise.resolve().then(() => Promise.resolve());
    const second = Array.from({ length: 10 }, (_, n) => committer.commit(put(`b${n}`)));
    await Promise.all([...first, ...second]);

    expect(storage.values.size).toBe(20);
    expect(storage.syncs).toBe(2);
  });

  it("keeps a batch that cannot be written from failing its neighbours", async () => {
    const storage = new Storage();
    const committer = new GroupCommitter(storage.transact, 100);

    const settled = await Promise.allSettled([
      committer.commit(put("a")),
      committer.commit(failing("STORE_FULL", "none")),
      committer.commit(put("b")),
    ]);

    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect([...storage.values.keys()]).toEqual(["a", "b"]);
  });

  it.each([
    ["the ownership is lost", "OWNERSHIP_LOST", "none"],
    ["the effect is unknown", "STORE_FULL", "unknown"],
  ] as const)("fails the group as it is when %s", async (_, code, effect) => {
    const storage = new Storage();
    const committer = new GroupCommitter(storage.transact, 100);

    const settled = await Promise.allSettled([
      committer.commit(put("a")),
      committer.commit(failing(code, effect)),
    ]);

    expect(settled).toMatchObject([{ reason: { code, effect } }, { reason: { code, effect } }]);
    expect(storage.values.size).toBe(0);
  });

  it("refuses what is too much to wait, without effect, and goes on afterwards", async () => {
    const storage = new Storage();
    const committer = new GroupCommitter(storage.transact, 2);

    const settled = await Promise.allSettled([
      committer.commit(put("a")),
      committer.commit(put("b")),
      committer.commit(put("c")),
    ]);
    await committer.commit(put("d"));

    expect(settled[2]).toMatchObject({ reason: { code: "STORE_UNAVAILABLE", effect: "none" } });
    expect([...storage.values.keys()]).toEqual(["a", "b", "d"]);
  });

  it("is settled once everything was written, the failed included", async () => {
    const storage = new Storage();
    const committer = new GroupCommitter(storage.transact, 100);
    const outcomes: string[] = [];

    for (const change of [put("a"), failing("STORE_FULL", "none")]) {
      void committer.commit(change).then(
        () => outcomes.push("kept"),
        () => outcomes.push("failed"),
      );
    }
    await committer.settled();

    expect(outcomes).toEqual(["kept", "failed"]);
    await committer.settled();
  });
});
