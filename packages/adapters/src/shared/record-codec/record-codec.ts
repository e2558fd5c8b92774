import { type Action, isWorkloadId, type WorkloadRecord } from "@persys/core";
import { createEntryCodec, type EntryCodec, type Upgrade } from "./entry-codec.ts";
import { actionShape, faultIn, recordShape } from "./record-shape.ts";

/**
 * The way from each earlier version to the next. To change what is stored: raise the version below, add the upgrade from the one before
 * here, and keep the fixtures of every version in the tests for ever.
 */
const recordUpgrades: ReadonlyMap<number, Upgrade> = new Map([
  // 2: secrets may be sealed, apart from the spec, which then is not what was applied.
  [1, (record) => record],
]);
const actionUpgrades: ReadonlyMap<number, Upgrade> = new Map();

/** How workload records are stored, under their id. */
export const recordCodec: EntryCodec<WorkloadRecord> = createEntryCodec<WorkloadRecord>({
  kind: "R",
  version: 2,
  upgrades: recordUpgrades,
  keyOf: (record) => record.id,
  faultOf: (body) => faultIn(recordShape, body) ?? idFault(body),
});

/** How entries of the history are stored, under their seq in decimal digits. */
export const actionCodec: EntryCodec<Action> = createEntryCodec<Action>({
  kind: "A",
  version: 1,
  upgrades: actionUpgrades,
  keyOf: (action) => String(action.seq),
  faultOf: (body) => faultIn(actionShape, body),
});

function idFault(body: unknown): string | undefined {
  const { id } = body as { readonly id: string };
  return isWorkloadId(id) ? undefined : "id is not a workload id";
}
