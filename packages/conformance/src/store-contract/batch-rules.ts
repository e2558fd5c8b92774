import assert from "node:assert/strict";
import { AgentError } from "@persys/core";
import { aRecord, anId } from "../record-builder.ts";
import { idsOf, must, put, type StoreRule } from "./store-bench.ts";

/** Batches are whole and in order. */
export const batchRules: readonly StoreRule[] = [
  must("order", "batches on one key take effect in the order of the calls", async (bench) => {
    const { store } = await bench.open();
    const expected = new Map<string, number>();
    const commits: Promise<void>[] = [];

    for (let n = 0; n < 210; n += 1) {
      const id = `w${n % 7}`;
      // Every fifth call deletes, so that the last call for some of the ids does.
      if (n % 5 === 4) {
        expected.delete(id);
        commits.push(store.commit([{ kind: "delete-record", id: anId(id) }]));
      } else {
        expected.set(id, n);
        commits.push(
          store.commit([{ kind: "put-record", record: aRecord({ id, generation: n }) }]),
        );
      }
    }
    await Promise.all(commits);
    await store.close();

    const { records } = await bench.read();
    assert.deepEqual(
      Object.fromEntries(records.map(({ id, generation }) => [id, generation])),
      Object.fromEntries(expected),
    );
  }),

  must("within", "the writes of one batch take effect in their order", async (bench) => {
    await bench.write([
      put("web"),
      { kind: "delete-record", id: anId("web") },
      { kind: "put-record", record: aRecord({ generation: 5 }) },
      put("api"),
      { kind: "delete-record", id: anId("api") },
    ]);

    assert.deepEqual((await bench.read()).records, [aRecord({ generation: 5 })]);
  }),

  must("concurrent", "a thousand commits at once are all kept", async (bench) => {
    const ids = Array.from({ length: 1000 }, (_, n) => `w${n}`);
    const { store } = await bench.open();

    await Promise.all(ids.map((id) => store.commit([put(id)])));
    await store.close();

    assert.deepEqual(idsOf(await bench.read()), ids.toSorted());
  }),

  must(
    "atomic",
    "a batch that cannot be stored leaves nothing, and its neighbours whole",
    async (bench) => {
      const { store } = await bench.open();
      const impossible = aRecord({ id: "impossible", generation: Number.NaN });

      const [before, bad, after] = await Promise.allSettled([
        store.commit([put("before")]),
        store.commit([put("half"), { kind: "put-record", record: impossible }]),
        store.commit([put("after")]),
      ]);
      await store.close();

      assert.equal(before.status, "fulfilled");
      assert.equal(after.status, "fulfilled");
      assert.equal(bad.status, "rejected");
      assert.ok(AgentError.is(bad.reason), "a commit fails with an AgentError");
      assert.equal(bad.reason.effect, "none");
      assert.deepEqual(idsOf(await bench.read()), ["after", "before"]);
    },
  ),

  must("nothing", "an empty batch succeeds", async (bench) => {
    const { store } = await bench.open();

    await store.commit([]);
  }),
];
