import { isDeepStrictEqual } from "node:util";
import type { Action, StoredState, WorkloadRecord, Write } from "@persys/core";
import { ContractViolation } from "../contract-violation.ts";

/** What a store has to hold after some batches: the contract in its plainest form. */
export class StateModel {
  readonly #records: Map<string, WorkloadRecord>;
  readonly #actions: Map<number, Action>;

  constructor(like?: StateModel) {
    this.#records = new Map(like === undefined ? [] : like.#records);
    this.#actions = new Map(like === undefined ? [] : like.#actions);
  }

  /** This model, changed. */
  apply(batch: readonly Write[]): this {
    for (const write of batch) {
      if (write.kind === "put-record") this.#records.set(write.record.id, write.record);
      if (write.kind === "delete-record") this.#records.delete(write.id);
      if (write.kind === "put-action") this.#actions.set(write.action.seq, write.action);
      if (write.kind === "delete-actions") {
        for (const seq of write.seqs) this.#actions.delete(seq);
      }
    }
    return this;
  }

  /** Whether a store that was opened found just this, and nothing damaged. */
  matches(state: StoredState): boolean {
    return (
      state.quarantined.length === 0 &&
      isDeepStrictEqual(state.actions, this.#sortedActions()) &&
      isDeepStrictEqual(state.records.toSorted(byId), this.#sortedRecords())
    );
  }

  /** @throws {ContractViolation} where {@link matches} would say no. */
  demand(state: StoredState, message: string): void {
    if (this.matches(state)) return;
    const expected = brief({
      records: this.#sortedRecords(),
      actions: this.#sortedActions(),
      quarantined: [],
    });
    const seen = brief(state);
    // Where the outlines are the same, the difference lies in some field.
    if (!isDeepStrictEqual(expected, seen)) {
      throw new ContractViolation(message, { expected, seen });
    }
    throw new ContractViolation(message, {
      expected: { records: this.#sortedRecords(), actions: this.#sortedActions() },
      seen: { records: state.records.toSorted(byId), actions: state.actions },
    });
  }

  #sortedRecords(): readonly WorkloadRecord[] {
    return [...this.#records.values()].toSorted(byId);
  }

  #sortedActions(): readonly Action[] {
    return [...this.#actions.values()].toSorted((one, other) => one.seq - other.seq);
  }
}

/** A state in a few words: generation of each record, status of each action. */
function brief({
  records,
  actions,
  quarantined,
}: Pick<StoredState, "records" | "actions" | "quarantined">): object {
  return {
    records: records.toSorted(byId).map(({ id, generation }) => `${id} at ${generation}`),
    actions: actions.map(({ seq, status }) => `${seq} ${status}`),
    quarantined: quarantined.map(({ id, why }) => `${id}: ${why}`),
  };
}

function byId(one: WorkloadRecord, other: WorkloadRecord): number {
  if (one.id === other.id) return 0;
  return one.id < other.id ? -1 : 1;
}
