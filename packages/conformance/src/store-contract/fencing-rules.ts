import assert from "node:assert/strict";
import { inspect } from "node:util";
import { AgentError } from "@persys/core";
import { anId } from "../record-builder.ts";
import { SeededRandom } from "../seeded-random.ts";
import { modelAfter, numberedBatch } from "./numbered-batches.ts";
import { failureOf, idsOf, never, put } from "./store-bench.ts";
import { must, should, type StoreRule } from "./store-rule.ts";

/** How long an owner may take to notice that it is one no more, in milliseconds. */
const noticeMsMax = 30_000;

/** A former owner never writes. */
export const fencingRules: readonly StoreRule[] = [
  must(
    "ST-031 fenced",
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

  must(
    "ST-032 fenced-in-flight",
    "of commits under way when another takes over, the first are kept and the rest fail without effect",
    async (bench, { seed }) => {
      const random = new SeededRandom(seed);
      const { store } = await bench.open();

      const commits = Array.from({ length: 30 }, (_, at) => store.commit(numberedBatch(at + 1)));
      const settled = Promise.allSettled(commits);
      for (let turn = random.integer(4); turn > 0; turn -= 1) await nextTurn();
      await bench.harness.takeOver();
      const results = await settled;
      const late = await failureOf(store.commit([put("late")]));
      await store.close();

      const kept = results.findLastIndex(({ status }) => status === "fulfilled") + 1;
      for (const result of results.slice(0, kept)) assert.equal(result.status, "fulfilled");
      for (const result of results.slice(kept)) demandLost(result);
      assert.equal(late.code, "OWNERSHIP_LOST");
      modelAfter(kept).demand(await bench.read(), "a former owner's commit had effect");
    },
  ),

  must(
    "ST-033 fenced-late",
    "what a former owner sent in its time and arrives in its successor's has no effect",
    async (bench, context) => {
      const { harness } = bench;
      if (harness.slowWay === undefined) {
        context.unjudged("the harness cannot hold back what a store sends (slowWay)");
        return;
      }
      const way = await harness.slowWay();
      const former = (await bench.open(way)).store;
      await former.commit([put("before")]);

      const release = await way.hold();
      const underWay = failureOf(former.commit([put("late"), put("before", { generation: 2 })]));
      await harness.takeOver();
      const successor = (await bench.open()).store;
      await successor.commit([put("mine")]);
      release();
      const failed = await underWay;
      const again = await failureOf(former.commit([put("again")]));
      await successor.commit([put("mine-too")]);
      await former.close();
      await successor.close();

      assert.notEqual(failed.code, "INTERNAL");
      assert.equal(again.code, "OWNERSHIP_LOST");
      const state = await bench.read();
      assert.deepEqual(idsOf(state), ["before", "mine", "mine-too"]);
      assert.equal(state.records.find(({ id }) => id === "before")?.generation, 1);
    },
  ),

  must(
    "ST-038 one-owner",
    "while a store is open, another either is refused or ends the first one's ownership",
    async (bench) => {
      const { store: first } = await bench.open();
      await first.commit([put("first")]);

      const second = bench.harness.store();
      let refusal: unknown;
      try {
        await second.open(never);
      } catch (error) {
        refusal = error;
      }
      const late = first.commit([put("late")]);

      if (refusal === undefined) {
        assert.equal((await failureOf(late)).code, "OWNERSHIP_LOST");
        await second.commit([put("second")]);
      } else {
        assert.ok(
          AgentError.hasCode(refusal, "OWNED_BY_OTHER"),
          `refused with ${inspect(refusal)}`,
        );
        await late;
      }
      await first.close();
      await second.close();
      const expected = refusal === undefined ? ["first", "second"] : ["first", "late"];
      assert.deepEqual(idsOf(await bench.read()), expected);
    },
  ),

  should(
    "ST-039 notices",
    "an owner that has lost the state says so without having been asked to commit",
    async (bench, context) => {
      const { state } = await bench.open();
      if (state.ownershipLost === undefined) {
        context.unjudged("the store notices a loss of ownership at its next commit only");
        return;
      }

      await bench.harness.takeOver();
      const lost = await within(
        state.ownershipLost,
        AbortSignal.any([context.signal, AbortSignal.timeout(noticeMsMax)]),
      );

      assert.equal(lost.code, "OWNERSHIP_LOST");
    },
  ),
];

/** A commit that came after another owner did. */
function demandLost(result: PromiseSettledResult<void>): void {
  if (result.status === "fulfilled") {
    throw new assert.AssertionError({ message: "a commit after a lost one was kept" });
  }
  const failed: unknown = result.reason;
  assert.ok(AgentError.is(failed), `a commit fails with an AgentError, not with ${String(failed)}`);
  assert.equal(failed.code, "OWNERSHIP_LOST");
  assert.equal(failed.effect, "none");
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What `wanted` resolves to. @throws the reason of `signal` when that aborts first. */
async function within<T>(wanted: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = Promise.withResolvers<never>();
  const stop = (): void => over.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([wanted, over.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
