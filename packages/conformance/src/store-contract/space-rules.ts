import assert from "node:assert/strict";
import { AgentError, type StateStore, type StoredState, type Write } from "@persys/core";
import { aRevision, anId } from "../record-builder.ts";
import type { LimitedStorage } from "./state-store-harness.ts";
import { idsOf, put, type StoreBench } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

/** A record that takes this much room, in bytes, and how many of them fill a storage for certain. */
const largeBytes = 2 ** 18;
const fillersMax = 64;

const wanted = aRevision({ spec: { text: "0123456789abcdef".repeat(largeBytes / 16) } });

/** No room is no reason to lose anything. */
export const spaceRules: readonly StoreRule[] = [
  must(
    "ST-060 full",
    "without room a commit fails as STORE_FULL and has no effect; with room again the store goes on",
    async (bench, context) => {
      const limited = await limitedIn(bench);
      if (limited === undefined) {
        context.unjudged("the harness has no storage that can be full (limited)");
        return;
      }
      const { store } = await bench.open(limited);
      await store.commit([put("web"), put("gone")]);
      await limited.fill();

      const { fillers, failed } = await fill(store);
      const again = await refusalOf(store, [put("web", { generation: 9, wanted })]);
      await limited.free();
      await store.commit([put("after", { wanted }), { kind: "delete-record", id: anId("gone") }]);
      await store.close();

      for (const each of again === undefined ? [failed] : [failed, again]) {
        assert.equal(each.code, "STORE_FULL");
        assert.equal(each.effect, "none");
        assert.equal(each.retryable, true);
      }
      const state = await bench.read(limited);
      assert.deepEqual(idsOf(state), ["after", ...fillers, "web"].toSorted());
      assert.equal(generationOf(state, "web"), again === undefined ? 9 : 1);
    },
  ),

  must(
    "ST-061 full-open",
    "a full store opens with all it has, or says clearly why not and opens when there is room",
    async (bench, context) => {
      const limited = await limitedIn(bench);
      if (limited === undefined) {
        context.unjudged("the harness has no storage that can be full (limited)");
        return;
      }
      const { store } = await bench.open(limited);
      await limited.fill();
      const { fillers } = await fill(store);
      await store.close();

      const opened = await openedUnlessFull(bench, limited);
      await limited.free();
      const state = await bench.read(limited);

      if (opened !== undefined) assert.deepEqual(idsOf(opened), fillers.toSorted());
      assert.deepEqual(idsOf(state), fillers.toSorted());
    },
  ),
];

async function limitedIn(bench: StoreBench): Promise<LimitedStorage | undefined> {
  const { limited } = bench.harness;
  return limited === undefined ? undefined : bench.keep(await limited());
}

/** Commits large records until one fails. */
async function fill(
  store: StateStore,
): Promise<{ readonly fillers: readonly string[]; readonly failed: AgentError }> {
  const fillers: string[] = [];
  for (let n = 0; n < fillersMax; n += 1) {
    const failed = await refusalOf(store, [put(`filler-${n}`, { wanted }), put(`small-${n}`)]);
    if (failed !== undefined) return { fillers, failed };
    fillers.push(`filler-${n}`, `small-${n}`);
  }
  const mib = (fillersMax * largeBytes) / 2 ** 20;
  throw new assert.AssertionError({ message: `a full storage took another ${mib} MiB` });
}

/** What the commit fails with; undefined when it succeeds. */
async function refusalOf(
  store: StateStore,
  batch: readonly Write[],
): Promise<AgentError | undefined> {
  try {
    await store.commit(batch);
    return undefined;
  } catch (error) {
    assert.ok(AgentError.is(error), `a commit fails with an AgentError, not with ${String(error)}`);
    return error;
  }
}

async function openedUnlessFull(
  bench: StoreBench,
  limited: LimitedStorage,
): Promise<StoredState | undefined> {
  try {
    return await bench.read(limited);
  } catch (error) {
    assert.ok(AgentError.is(error), `open fails with an AgentError, not with ${String(error)}`);
    assert.ok(["STORE_FULL", "STORE_UNAVAILABLE"].includes(error.code), error.message);
    assert.equal(error.effect, "none");
    return undefined;
  }
}

function generationOf(state: StoredState, id: string): number | undefined {
  return state.records.find((record) => record.id === id)?.generation;
}
