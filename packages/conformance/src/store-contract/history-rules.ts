import * as fc from "fast-check";
import type { Write } from "@persys/core";
import { anAction, anId } from "../record-builder.ts";
import { checkProperty } from "./property.ts";
import { StateModel } from "./state-model.ts";
import { put } from "./store-bench.ts";
import { must, type StoreRule } from "./store-rule.ts";

/** A write before it has a number that tells it from the others. */
type Change =
  | { readonly kind: "put-record" | "delete-record"; readonly id: string }
  | { readonly kind: "put-action"; readonly seq: number }
  | { readonly kind: "delete-actions"; readonly seqs: readonly number[] };

type Step =
  /** Batches that are all asked for before the first is waited for. */
  | { readonly kind: "commit"; readonly batches: readonly (readonly Change[])[] }
  | { readonly kind: "reopen" };

const ids = ["a", "b", "c", "d"];
const seq = fc.integer({ min: 0, max: 5 });

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("put-record" as const, "delete-record" as const),
    id: fc.constantFrom(...ids),
  }),
  fc.record({ kind: fc.constant("put-action" as const), seq }),
  fc.record({
    kind: fc.constant("delete-actions" as const),
    seqs: fc.array(seq, { maxLength: 4 }),
  }),
);

const commit = fc.record({
  kind: fc.constant("commit" as const),
  batches: fc.array(fc.array(anyChange, { maxLength: 4 }), { minLength: 1, maxLength: 6 }),
});

const history: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: commit },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: "reopen" }) },
  ),
  { minLength: 1, maxLength: 8 },
);

/** Whatever is asked for, in whatever order. */
export const historyRules: readonly StoreRule[] = [
  must(
    "ST-016 history",
    "after any history of batches a store opens with what a plain map would hold",
    (bench, context) =>
      checkProperty(context, {
        runs: 12,
        arbitrary: history,
        tell: (steps) => steps.map(tellStep),
        holds: (steps) =>
          bench.another(async (fresh) => {
            const model = new StateModel();
            let number = 0;
            let { store } = await fresh.open();
            for (const step of steps) {
              if (step.kind === "commit") {
                const batches = step.batches.map((changes) => {
                  number += 1;
                  return changes.map((each) => writeOf(each, number));
                });
                await Promise.all(batches.map((batch) => store.commit(batch)));
                for (const batch of batches) model.apply(batch);
              } else {
                await store.close();
                const reopened = await fresh.open();
                store = reopened.store;
                model.demand(reopened.state, "a store opened with something else than was kept");
              }
            }
            await store.close();
            model.demand(await fresh.read(), "a store opened with something else than was kept");
          }),
      }),
  ),
];

function writeOf(change: Change, number: number): Write {
  switch (change.kind) {
    case "put-record":
      return put(change.id, { generation: number });
    case "delete-record":
      return { kind: change.kind, id: anId(change.id) };
    case "put-action":
      return {
        kind: change.kind,
        action: anAction({ seq: change.seq, generation: number }),
      };
    case "delete-actions":
      return change;
  }
}

function tellStep(step: Step): string {
  if (step.kind === "reopen") return "close, open";
  const batches = step.batches.map((changes) => `[${changes.map(tellChange).join(", ")}]`);
  return `commit ${batches.join(" and ")}`;
}

function tellChange(change: Change): string {
  if (change.kind === "put-action") return `put action ${change.seq}`;
  if (change.kind === "delete-actions") return `delete actions ${change.seqs.join(" ")}`;
  return `${change.kind === "put-record" ? "put" : "delete"} ${change.id}`;
}
