import type { WorkloadRecord, Write } from "@persys/core";
import type { Looks } from "./looks.ts";
import type { RuntimeModel } from "./runtime-model.ts";
import type { InvariantName } from "./simulation-violation.ts";
import type { StoreListener } from "./simulation-store.ts";

/** What the rules for records stand on. */
export interface RecordRulesContext {
  readonly model: RuntimeModel;
  readonly looks: Looks;
  readonly violate: (invariant: InvariantName, message: string) => void;
  readonly touch: (id: string) => void;
}

/** A record of an id that was damaged, as the engine puts it in that one's place to be deleted. */
const adoptedUid = "unknown";

/** What must hold of every record that is stored, next to the one that it replaces. */
export class RecordRules implements StoreListener {
  readonly #context: RecordRulesContext;
  readonly #stored = new Map<string, WorkloadRecord>();
  /** The look that the stored observation came from. */
  readonly #lookOf = new Map<string, number>();
  #writes = 0;

  constructor(context: RecordRulesContext) {
    this.#context = context;
  }

  /** Writes that took effect so far. */
  get writes(): number {
    return this.#writes;
  }

  /** The record as it is on disk; undefined where there is none, or a damaged one. */
  stored(id: string): WorkloadRecord | undefined {
    return this.#stored.get(id);
  }

  /** The record was damaged. */
  forget(id: string): void {
    this.#stored.delete(id);
    this.#lookOf.delete(id);
  }

  onStored(batch: readonly Write[]): void {
    for (const write of batch) {
      this.#writes += 1;
      if (write.kind === "put-record") this.#onPut(write.record);
      if (write.kind === "delete-record") this.#onDeleted(write.id);
    }
  }

  #onPut(record: WorkloadRecord): void {
    const { id } = record;
    const before = this.#stored.get(id);
    this.#context.touch(id);
    if (before !== undefined && record !== before) this.#checkSuccessor(record, before);
    this.#checkObservation(record, before);
    this.#stored.set(id, record);
  }

  #checkSuccessor(record: WorkloadRecord, before: WorkloadRecord): void {
    const { violate } = this.#context;
    const { id } = record;
    // Forgotten, and created anew, in one.
    if (record.uid !== before.uid) return this.#checkGone(id, "was created anew");
    if (record.generation < before.generation)
      violate("I10", `generation ${before.generation} of ${id} became ${record.generation}`);
    if (isEarlier(record.observedSequence, before.observedSequence)) {
      violate(
        "I10",
        `sequence ${before.observedSequence.join(".")} of ${id} became ${record.observedSequence.join(".")}`,
      );
    }
    this.#checkPardon(record, before);
    const isSameTry = record.generation === before.generation && isSameRevision(record, before);
    if (isSameTry && record.wanted.ends < before.wanted.ends)
      violate("I11", `the ends of ${id} were ${before.wanted.ends}, now ${record.wanted.ends}`);
  }

  /** A request has everything tried again, but for what may be started once and was. */
  #checkPardon(record: WorkloadRecord, before: WorkloadRecord): void {
    if (record.generation === before.generation || record.desired === "deleted") return;
    const { wanted, fallback } = record;
    const held = [wanted, ...(fallback?.restart.kind === "no" ? [] : [fallback])].find(
      (it) => it?.givenUp !== undefined,
    );
    if (held === undefined) return;
    const message = `revision ${held.revisionId} of ${record.id} is given up still in a new generation`;
    this.#context.violate("I7", message);
  }

  /**
   * An observation that is stored was made by a look at the workload, and by none older than the one before it. Only the looks of observations
   * themselves are compared: two of them may tell the same, and a list that tells the same as well makes neither of them any fresher.
   */
  #checkObservation(record: WorkloadRecord, before: WorkloadRecord | undefined): void {
    const { violate, looks } = this.#context;
    const { id, observation, observedSequence } = record;
    if (record.observedAtMs === 0) return;
    if (before !== undefined && before.observedSequence.join() === observedSequence.join()) return;
    const look = looks.lookOf(id, observation);
    if (look === undefined)
      return violate("I10", `what was stored of ${id} as observed, nobody has seen`);
    const last = this.#lookOf.get(id) ?? 0;
    if (look < last) violate("I10", `an older observation of ${id} was stored over a fresher one`);
    this.#lookOf.set(id, look);
  }

  #onDeleted(id: string): void {
    this.#context.touch(id);
    if (this.#stored.has(id)) this.#checkGone(id, "was forgotten");
    this.forget(id);
  }

  #checkGone(id: string, what: string): void {
    const { model, violate } = this.#context;
    if (this.#stored.get(id)?.desired !== "deleted")
      violate("I8", `${id} ${what}, and nobody had asked for its deletion`);
    if (model.instancesOf(id).length > 0 || model.preparedOf(id).length > 0) {
      const adopted =
        this.#stored.get(id)?.uid === adoptedUid ? " (after its record was damaged)" : "";
      violate("I8", `${id} ${what} while something of it was there${adopted}`);
    }
  }
}

function isEarlier(
  [epoch, counter]: readonly [number, number],
  [epochBefore, counterBefore]: readonly [number, number],
): boolean {
  return epoch < epochBefore || (epoch === epochBefore && counter < counterBefore);
}

function isSameRevision(record: WorkloadRecord, before: WorkloadRecord): boolean {
  return (
    record.wanted.revisionId === before.wanted.revisionId &&
    record.wanted.digest === before.wanted.digest
  );
}
