import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { AgentError, type StateStore } from "@persys/core";
import { SeededRandom } from "../seeded-random.ts";
import { lastBatchIn, modelAfter, numberedBatch } from "./numbered-batches.ts";
import { failureOf } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

/** How long a store may take to find its server again, in milliseconds. */
const backMsMax = 30_000;
const retryMs = 20;

/** Batches under way when the server goes. */
const windowSize = 8;

/** A server may go and come back. */
export const remoteRules: readonly StoreRule[] = [
  must(
    "ST-023 server-away",
    "while its server is away a store acknowledges nothing; when it is back the same store goes on, and nothing acknowledged is lost",
    async (bench, context) => {
      if (bench.harness.remote === undefined) {
        context.unjudged("the storage is not behind a server that can be away (remote)");
        return;
      }
      const random = new SeededRandom(context.seed);
      const remote = bench.keep(await bench.harness.remote());
      const { store } = await bench.open(remote);
      let done = 0;
      for (let round = 0; round < 2; round += 1) {
        const before = done + 1 + random.integer(20);
        for (; done < before; done += 1) await store.commit(numberedBatch(done + 1));
        const wanted = done + windowSize;
        const underWay = Promise.allSettled(
          Array.from({ length: windowSize }, (_, at) => store.commit(numberedBatch(done + at + 1))),
        );
        await remote.down();
        // As the engine does: what was not acknowledged is repeated whole, in its order.
        done += (await underWay).findLastIndex(({ status }) => status === "fulfilled") + 1;
        const refused = await failureOf(store.commit(numberedBatch(wanted + 1)));
        await remote.up();
        for (; done < wanted + 1; done += 1) await insist(store, done + 1, context.signal);

        assert.equal(refused.code, "STORE_UNAVAILABLE");
        assert.equal(refused.retryable, true);
      }
      await store.close();

      const state = await bench.read(remote);
      assert.equal(lastBatchIn(state), done);
      modelAfter(done).demand(state, "a store whose server was away mixed or lost batches");
    },
  ),
];

/** Repeats a batch until it is acknowledged. */
async function insist(store: StateStore, n: number, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + backMsMax;
  for (;;) {
    try {
      await store.commit(numberedBatch(n));
      return;
    } catch (error) {
      if (!AgentError.hasCode(error, "STORE_UNAVAILABLE")) throw error;
      if (performance.now() > deadlineMs) throw error;
      await wait(retryMs, undefined, { signal });
    }
  }
}
