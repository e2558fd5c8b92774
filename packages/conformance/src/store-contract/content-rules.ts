import assert from "node:assert/strict";
import { aRecord, aRevision, anAction, anId } from "../record-builder.ts";
import { StateModel } from "./state-model.ts";
import { idsOf, put } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

/** What the grammar of workload ids has. */
const idCharacters: readonly string[] =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-".split("");

/** What is stored comes back. */
export const contentRules: readonly StoreRule[] = [
  must("ST-001 empty", "a new storage holds nothing", async (bench) => {
    const { state } = await bench.open();

    new StateModel().demand(state, "a new storage holds something");
  }),

  must(
    "ST-002 durable",
    "what was committed is there after reopening, field by field",
    async (bench) => {
      const failure = {
        reason: "EXITED",
        message: "ended with 3",
        retryable: true,
        atMs: 17,
      } as const;
      const record = aRecord({
        id: "every.field_1-x",
        fallback: aRevision({ revisionId: "rev-0", settled: true, restart: { kind: "no" } }),
        wanted: aRevision({
          givenUp: failure,
          restart: { kind: "on-failure", maxRetries: 3 },
          spec: { text: "ümläut \u0000 \u2028 😀", list: [1.5, -0, null, true], empty: {} },
        }),
        observation: {
          kind: "present",
          glance: "running 42",
          instances: [
            {
              handle: "42",
              uid: "u",
              revisionId: "rev-1",
              specDigest: "v1:00",
              kept: false,
              state: "exited",
              health: "none",
              exit: { kind: "code", code: 3, endedAtMs: 16 },
              drift: ["limits differ"],
              facts: { "process.pid": "42" },
            },
          ],
        },
        observedSequence: [3, 9],
        intent: { step: "start", cause: "it is wanted", atMs: 18 },
        labels: { tier: "front" },
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      });
      const action = anAction({ seq: 7, workloadId: record.id, status: "failed", error: "why" });

      await bench.write([
        { kind: "put-record", record },
        { kind: "put-action", action },
      ]);

      const { records, actions } = await bench.read();
      assert.deepEqual(plain(records), plain([record]));
      assert.deepEqual(actions, [action]);
    },
  ),

  must(
    "ST-003 replace",
    "a put replaces what was stored under the same id or seq",
    async (bench) => {
      await bench.write(
        [
          { kind: "put-record", record: aRecord({ generation: 1 }) },
          { kind: "put-action", action: anAction({ status: "pending" }) },
        ],
        [
          { kind: "put-record", record: aRecord({ generation: 2 }) },
          { kind: "put-action", action: anAction({ status: "completed" }) },
        ],
      );

      const { records, actions } = await bench.read();
      assert.deepEqual(records, [aRecord({ generation: 2 })]);
      assert.deepEqual(actions, [anAction({ status: "completed" })]);
    },
  ),

  must("ST-004 delete", "a deleted record is gone; deleting it again succeeds", async (bench) => {
    await bench.write(
      [put("gone"), put("stays")],
      [{ kind: "delete-record", id: anId("gone") }],
      [{ kind: "delete-record", id: anId("gone") }],
    );

    assert.deepEqual(idsOf(await bench.read()), ["stays"]);
  }),

  must(
    "ST-005 actions",
    "actions come back in order of seq, without those deleted",
    async (bench) => {
      const seqs = [10, 9, 100, 2, 1_000_000_007, 1];
      await bench.write(
        seqs.map((seq) => ({ kind: "put-action", action: anAction({ seq }) })),
        [{ kind: "delete-actions", seqs: [9, 1, 55] }],
      );

      const { actions } = await bench.read();
      assert.deepEqual(
        actions.map(({ seq }) => seq),
        [2, 10, 100, 1_000_000_007],
      );
    },
  ),

  must("ST-006 big", "a record of 4 MiB is kept whole", async (bench) => {
    const spec = { file: "0123456789abcdef".repeat(2 ** 18) };
    const record = aRecord({ wanted: aRevision({ spec }) });

    await bench.write([{ kind: "put-record", record }]);

    assert.deepEqual((await bench.read()).records, [record]);
  }),

  must("ST-007 many", "two thousand records in one batch are all kept", async (bench) => {
    const ids = Array.from({ length: 2000 }, (_, n) => `workload-${n}`);

    await bench.write(ids.map((id) => put(id)));

    assert.deepEqual(idsOf(await bench.read()), ids.toSorted());
  }),

  must(
    "ST-008 long-id",
    "ids that differ only in case or in the 128th character are apart",
    async (bench) => {
      const ids = ["a", "A", `${"x".repeat(127)}1`, `${"x".repeat(127)}2`];

      await bench.write(ids.map((id) => put(id)));

      assert.deepEqual(idsOf(await bench.read()), ids.toSorted());
    },
  ),

  must("ST-007 ten-thousand", "a state of ten thousand records opens whole", async (bench) => {
    const ids = Array.from({ length: 10_000 }, (_, n) => `workload-${n}`);
    const { store } = await bench.open();

    for (let from = 0; from < ids.length; from += 500) {
      await store.commit(ids.slice(from, from + 500).map((id) => put(id)));
    }
    await store.close();

    assert.deepEqual(idsOf(await bench.read()), ids.toSorted());
  }),

  must(
    "ST-008 every-character",
    "an id may hold each character that ids may hold",
    async (bench) => {
      const ids = idCharacters.flatMap((each) => [
        `x${each}`,
        ...(/[A-Za-z0-9]/.test(each) ? [each] : []),
      ]);

      await bench.write(ids.map((id) => put(id)));

      assert.deepEqual(idsOf(await bench.read()), ids.toSorted());
    },
  ),

  must(
    "ST-005 history-bound",
    "history is as long as what was put and not deleted, however often that changes",
    async (bench) => {
      const { store } = await bench.open();
      for (let from = 0; from < 1000; from += 100) {
        const seqs = Array.from({ length: 100 }, (_, n) => from + n);
        await store.commit([
          ...seqs.map((seq) => ({ kind: "put-action", action: anAction({ seq }) }) as const),
          { kind: "delete-actions", seqs: seqs.map((seq) => seq - 20).filter((seq) => seq >= 0) },
        ]);
      }
      await store.close();

      const { actions } = await bench.read();
      assert.deepEqual(
        actions.map(({ seq }) => seq),
        Array.from({ length: 20 }, (_, n) => 980 + n),
      );
    },
  ),

  must(
    "ST-009 no-sharing",
    "what was committed does not change with the objects of the caller",
    async (bench) => {
      const labels: Record<string, string> = { tier: "front" };
      const { store } = await bench.open();

      const committed = store.commit([{ kind: "put-record", record: aRecord({ labels }) }]);
      labels["tier"] = "back";
      await committed;
      await store.close();

      assert.deepEqual((await bench.read()).records, [aRecord({ labels: { tier: "front" } })]);
    },
  ),
];

/** As stored: JSON has no -0, and what is undefined is absent. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
