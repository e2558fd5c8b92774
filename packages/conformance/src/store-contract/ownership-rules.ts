import assert from "node:assert/strict";
import { anId } from "../record-builder.ts";
import { failureOf, idsOf, never, put } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

/** One owner at a time, from open to close. */
export const ownershipRules: readonly StoreRule[] = [
  must(
    "ST-030 epoch",
    "the epoch grows with every open, with or without commits",
    async (bench) => {
      const first = await bench.read();
      const second = await bench.read();
      await bench.write([put("web")]);
      const fourth = await bench.read();

      assert.ok(first.epoch >= 1, "the first epoch is at least 1");
      assert.ok(first.epoch < second.epoch, "the second is beyond the first");
      assert.ok(second.epoch + 1 < fourth.epoch, "the fourth is beyond the third");
    },
  ),

  must(
    "ST-020 others-writes",
    "a store that is opened again sees what another owner wrote meanwhile",
    async (bench) => {
      const store = bench.harness.store();
      await store.open(never);
      await store.commit([put("mine"), put("gone")]);
      await store.close();
      await bench.write([put("other"), { kind: "delete-record", id: anId("gone") }]);

      const state = await store.open(never);
      await store.close();

      assert.deepEqual(idsOf(state), ["mine", "other"]);
    },
  ),

  must("ST-034 reopen", "the same store opens again after it was closed", async (bench) => {
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
    "ST-035 close",
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

  must(
    "ST-036 unopened",
    "a store that was never opened refuses commits and closes",
    async (bench) => {
      const store = bench.harness.store();

      const early = await failureOf(store.commit([put("early")]));
      await store.close();

      assert.equal(early.code, "STORE_UNAVAILABLE");
      assert.equal(early.effect, "none");
      assert.deepEqual(idsOf(await bench.read()), []);
    },
  ),

  must("ST-037 abort", "an aborted open fails with the reason and holds nothing", async (bench) => {
    const reason = new Error("enough");
    const store = bench.harness.store();

    await assert.rejects(store.open(AbortSignal.abort(reason)), (error) => error === reason);

    assert.deepEqual(idsOf(await bench.read()), []);
  }),
];
