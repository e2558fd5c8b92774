import type { Write } from "@persys/core";
import { anAction, anId } from "../record-builder.ts";
import { StateModel } from "./state-model.ts";
import { put } from "./store-bench.ts";

/** The record that every numbered batch puts, with the batch's number as generation. It orders them, as they all touch it. */
const counter = "counter";
const others = 5;
const actionsKept = 8;

/**
 * Batch `n`, counted from 1. It follows from `n` alone, so that whoever finds the state of some `n` can tell whether it is whole: a counter, a
 * put or delete of another record, an action, and the end of an older one.
 */
export function numberedBatch(n: number): readonly Write[] {
  const id = `w${n % others}`;
  return [
    put(counter, { generation: n }),
    n % 7 === 0 ? { kind: "delete-record", id: anId(id) } : put(id, { generation: n }),
    { kind: "put-action", action: anAction({ seq: n }) },
    { kind: "delete-actions", seqs: n > actionsKept ? [n - actionsKept] : [] },
  ];
}

/** What is there after batches 1 to `n`. */
export function modelAfter(n: number): StateModel {
  const model = new StateModel();
  // Earlier batches have left nothing that later ones did not replace.
  for (let at = Math.max(1, n - others - actionsKept); at <= n; at += 1) {
    model.apply(numberedBatch(at));
  }
  return model;
}

/** The number of the last batch that a state has in it; 0 for none. */
export function lastBatchIn(state: {
  readonly records: readonly { readonly id: string; readonly generation: number }[];
}): number {
  return state.records.find(({ id }) => id === counter)?.generation ?? 0;
}
