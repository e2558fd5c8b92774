import assert from "node:assert/strict";
import { anId } from "../record-builder.ts";
import { failureOf, idsOf, must, never, put, type StoreRule } from "./store-bench.ts";

/** One owner at a time, from open to close. */
export const ownershipRules: readonly StoreRule[] = [
  must("epoch", "the epoch grows with every open, with or without commits", async (bench) => {
    const first = await bench.read();
    const second = await bench.read();
    await bench.write([put("web")]);
    const fourth = await bench.read();

    assert.ok(first.epoch >= 1, "the first epoch is at least 1");
    assert.ok(first.epoch < second.epoch, "the second is beyond the first");
    assert.ok(second.epoch + 1 < fourth.epoch, "the fourth is beyond the third");
  }),

  must(
    "fenced",
    "a former owner's commit fails with OWNERSHIP_LOST and has no effect",
    async (bench) => {
      const { store } = await bench.open();
      await store.commit([put("before")]);
      await bench.harness.takeOver();

      const lost = await failureOf(store.commit([put("after")]));
      const again = await failureOf(store.commit([{ kind: "delete-record", id: anId("before") }]));
      await store.close();

      assert.equal(lost.code, "OWNERSHIP_LOST");
      assert.equal(lost.effect, "none");
      assert.equal(again.code, "OWNERSHIP_LOST");
      assert.deepEqual(idsOf(await bench.read()), ["before"]);
    },
  ),

  must("reopen", "the same store opens again after it was closed", async (bench) => {
    const store = bench.harness.store();
    const first = await store.open(never);
    await store.commit([put("web")]);
    await store.close();

    const second = await store.open(never);
    await store.close();

    assert.ok(second.epoch > first.epoch);
    assert.deepEqual(idsOf(second), ["web"]);
  }),

  must(
    "close",
    "closing waits for commits under way, may be repeated, and ends commits",
    async (bench) => {
      const { store } = await bench.open();
      const underWay = Promise.allSettled(
        Array.from({ length: 50 }, (_, n) => store.commit([put(`w${n}`)])),
      );

      await Promise.all([store.close(), store.close()]);
      await store.close();
      const late = await failureOf(store.commit([put("late")]));

      const kept = (await underWay).filter(({ status }) => status === "fulfilled");
      assert.equal(late.code, "STORE_UNAVAILABLE");
      assert.equal(late.effect, "none");
      assert.equal(kept.length, 50);
      assert.equal((await bench.read()).records.length, 50);
    },
  ),

  must("unopened", "a store that was never opened refuses commits and closes", async (bench) => {
    const store = bench.harness.store();

    const early = await failureOf(store.commit([put("early")]));
    await store.close();

    assert.equal(early.code, "STORE_UNAVAILABLE");
    assert.equal(early.effect, "none");
    assert.deepEqual(idsOf(await bench.read()), []);
  }),

  must("abort", "an aborted open fails with the reason and holds nothing", async (bench) => {
    const reason = new Error("enough");
    const store = bench.harness.store();

    await assert.rejects(store.open(AbortSignal.abort(reason)), (error) => error === reason);

    assert.deepEqual(idsOf(await bench.read()), []);
  }),
];
