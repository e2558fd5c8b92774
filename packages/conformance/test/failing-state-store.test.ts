import { aRecord, FailingStateStore } from "@persys/conformance";
import type { StateStore, Write } from "@persys/core";
import { beforeEach, describe, expect, it } from "vitest";

let stored: string[];
let store: FailingStateStore;

function put(revisionId: string): readonly Write[] {
  const record = aRecord();
  return [{ kind: "put-record", record: { ...record, wanted: { ...record.wanted, revisionId } } }];
}

beforeEach(() => {
  stored = [];
  const inner: StateStore = {
    open: async () => ({ epoch: 1, records: [], actions: [], quarantined: [] }),
    commit: async (batch) => {
      for (const write of batch) {
        if (write.kind === "put-record") stored.push(write.record.wanted.revisionId);
      }
    },
    close: async () => {},
  };
  store = new FailingStateStore(inner);
});

describe("FailingStateStore", () => {
  it("passes on what it was not told to fail, and counts it", async () => {
    await store.commit(put("r1"));
    await store.commit([...put("r2"), ...put("r3")]);

    expect(stored).toEqual(["r1", "r2", "r3"]);
    expect([store.commits, store.writes]).toEqual([2, 3]);
  });

  it("fails as often as it was told, storing nothing", async () => {
    store.failNext({ times: 2, code: "STORE_FULL" });

    await expect(store.commit(put("r1"))).rejects.toMatchObject({
      code: "STORE_FULL",
      effect: "none",
    });
    await expect(store.commit(put("r2"))).rejects.toMatchObject({ code: "STORE_FULL" });
    await store.commit(put("r3"));
    expect(stored).toEqual(["r3"]);
  });

  it("loses the answer to what it stored", async () => {
    store.failNext({ stored: true });

    await expect(store.commit(put("r1"))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      effect: "unknown",
      retryable: true,
    });
    expect(stored).toEqual(["r1"]);
  });

  it("fails only the batches that fit", async () => {
    store.failNext({ fits: (batch) => batch.length > 1 });
    await store.commit(put("r1"));

    await expect(store.commit([...put("r2"), ...put("r3")])).rejects.toThrow();
    expect(stored).toEqual(["r1"]);
  });

  it("hangs, and goes on in order when released", async () => {
    const release = store.hang();
    const commits = [store.commit(put("r1")), store.commit(put("r2"))];
    await Promise.resolve();
    expect(stored).toEqual([]);
    release();
    await Promise.all(commits);

    expect(stored).toEqual(["r1", "r2"]);
  });

  it("stores nothing and answers nothing once it was crashed, hung commits included", async () => {
    const release = store.hang();
    let answered = false;
    void store.commit(put("r1")).finally(() => {
      answered = true;
    });
    store.crash();
    void store.commit(put("r2")).finally(() => {
      answered = true;
    });
    release();
    await new Promise(setImmediate);

    expect(stored).toEqual([]);
    expect(answered).toBe(false);
  });
});
