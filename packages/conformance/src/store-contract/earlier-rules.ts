import assert from "node:assert/strict";
import { StateModel } from "./state-model.ts";
import { idsOf, put } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

/** What earlier releases stored is read by every later one. */
export const earlierRules: readonly StoreRule[] = [
  must(
    "ST-051 earlier",
    "a state of every earlier release opens with all it holds, and takes commits",
    async (bench, context) => {
      const earlier = bench.harness.earlier ?? [];
      if (earlier.length === 0) {
        context.unjudged("the harness has no states of earlier releases (earlier)");
        return;
      }
      for (const each of earlier) {
        const { name, records, actions } = each;
        const storage = bench.keep(await each.open());
        const model = new StateModel().apply([
          ...records.map((record) => ({ kind: "put-record", record }) as const),
          ...actions.map((action) => ({ kind: "put-action", action }) as const),
        ]);

        const { store, state } = await bench.open(storage);
        await store.commit([put("new")]);
        await store.close();

        model.demand(state, `the state of ${name} is not read as it was stored`);
        const ids = [...records.map(({ id }) => id), "new"].toSorted();
        assert.deepEqual(idsOf(await bench.read(storage)), ids);
      }
    },
  ),
];
