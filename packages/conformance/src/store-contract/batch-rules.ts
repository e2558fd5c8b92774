import assert from "node:assert/strict";
import { AgentError, type Write } from "@persys/core";
import { aRecord, anAction, anId } from "../record-builder.ts";
import { idsOf, put } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

/** Batches are whole and in order. */
export const batchRules: readonly StoreRule[] = [
  must(
    "ST-010 order",
    "batches on one key take effect in the order of the calls",
    async (bench) => {
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
    },
  ),

  must("ST-011 within", "the writes of one batch take effect in their order", async (bench) => {
    await bench.write([
      put("web"),
      { kind: "delete-record", id: anId("web") },
      { kind: "put-record", record: aRecord({ generation: 5 }) },
      put("api"),
      { kind: "delete-record", id: anId("api") },
    ]);

    assert.deepEqual((await bench.read()).records, [aRecord({ generation: 5 })]);
  }),

  must("ST-012 concurrent", "a thousand commits at once are all kept", async (bench) => {
    const ids = Array.from({ length: 1000 }, (_, n) => `w${n}`);
    const { store } = await bench.open();

    await Promise.all(ids.map((id) => store.commit([put(id)])));
    await store.close();

    assert.deepEqual(idsOf(await bench.read()), ids.toSorted());
  }),

  must(
    "ST-013 atomic",
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

  must("ST-015 repeat", "a batch committed ten times is as one committed once", async (bench) => {
    const { store } = await bench.open();
    await store.commit([put("gone"), put("web")]);
    const batch: readonly Write[] = [
      { kind: "put-record", record: aRecord({ generation: 2 }) },
      { kind: "delete-record", id: anId("gone") },
      { kind: "put-action", action: anAction({ seq: 3 }) },
      { kind: "delete-actions", seqs: [1, 2] },
    ];

    for (let time = 0; time < 5; time += 1) await store.commit(batch);
    await Promise.all(Array.from({ length: 5 }, () => store.commit(batch)));
    await store.close();

    const { records, actions } = await bench.read();
    assert.deepEqual(records, [aRecord({ generation: 2 })]);
    assert.deepEqual(actions, [anAction({ seq: 3 })]);
  }),

  must("ST-014 nothing", "an empty batch succeeds", async (bench) => {
    const { store } = await bench.open();

    await store.commit([]);
  }),
];
