import { type DiskMount, type FileChange, ReferenceStateStore } from "@persys/conformance";
import { type Action, AgentError, type StoredState, type Write } from "@persys/core";
import { broken, type StoreMutant } from "./store-mutant.ts";

/** Wrong ways to keep what is put. */
export const contentMutants: readonly StoreMutant[] = [
  broken({
    name: "put-does-not-replace",
    breaks: "a put over an older record is forgotten",
    clauseHint: "ST-003",
    Store: class extends ReferenceStateStore {
      protected override changesOf(write: Write): readonly FileChange[] {
        const isOld =
          write.kind === "put-record" && this.disk.read(`record/${write.record.id}`) !== undefined;
        return isOld ? [] : super.changesOf(write);
      }
    },
  }),
  broken({
    name: "put-appends",
    breaks: "a put of the same id is kept beside the older one",
    clauseHint: "ST-003",
    Store: class extends ReferenceStateStore {
      protected override changesOf(write: Write): readonly FileChange[] {
        const [change] = super.changesOf(write);
        if (write.kind !== "put-record" || change === undefined) return super.changesOf(write);
        const older = this.disk.read(change.file);
        return older === undefined ? [change] : [change, { file: `${change.file}~`, bytes: older }];
      }
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        const older = state.quarantined.filter(({ id }) => id.endsWith("~"));
        const twice = state.records.filter(({ id }) => older.some((each) => each.id === `${id}~`));
        return {
          ...state,
          records: [...state.records, ...twice],
          quarantined: state.quarantined.filter((each) => !older.includes(each)),
        };
      }
    },
  }),
  broken({
    name: "delete-forgets",
    breaks: "a deleted record is back after reopening",
    clauseHint: "ST-004",
    Store: class extends ReferenceStateStore {
      protected override changesOf(write: Write): readonly FileChange[] {
        return write.kind === "delete-record" ? [] : super.changesOf(write);
      }
    },
  }),
  broken({
    name: "history-unbounded",
    breaks: "deleted actions stay",
    clauseHint: "ST-005",
    Store: class extends ReferenceStateStore {
      protected override changesOf(write: Write): readonly FileChange[] {
        return write.kind === "delete-actions" ? [] : super.changesOf(write);
      }
    },
  }),
  broken({
    name: "history-sorted-as-text",
    breaks: "actions come back in the order of their digits",
    clauseHint: "ST-005",
    Store: class extends ReferenceStateStore {
      protected override inOrder(actions: readonly Action[]): readonly Action[] {
        return actions.toSorted((one, other) => (String(one.seq) < String(other.seq) ? -1 : 1));
      }
    },
  }),
  broken({
    name: "large-refused",
    breaks: "records of more than a MiB are refused",
    clauseHint: "ST-006",
    Store: class extends ReferenceStateStore {
      protected override encode(batch: readonly Write[]): readonly FileChange[] {
        const changes = super.encode(batch);
        if (changes.every(({ bytes }) => (bytes?.byteLength ?? 0) <= 2 ** 20)) return changes;
        throw new AgentError("INTERNAL", "the record is too large", { effect: "none" });
      }
    },
  }),
  broken({
    name: "page-of-a-thousand",
    breaks: "open reads the first thousand records",
    clauseHint: "ST-007",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        return { ...state, records: state.records.slice(0, 1000) };
      }
    },
  }),
  broken({
    name: "ids-without-case",
    breaks: "ids that differ in case alone are one",
    clauseHint: "ST-008",
    Store: class extends ReferenceStateStore {
      protected override changesOf(write: Write): readonly FileChange[] {
        const changes = super.changesOf(write);
        if (write.kind !== "put-record" || !/[A-Z]/.test(write.record.id)) return changes;
        const file = `record/${write.record.id.toLowerCase()}`;
        return [...changes, { file, bytes: undefined }];
      }
    },
  }),
  broken({
    name: "ids-cut-short",
    breaks: "of an id the first 64 characters count",
    clauseHint: "ST-008",
    Store: class extends ReferenceStateStore {
      protected override changesOf(write: Write): readonly FileChange[] {
        const short = "record/".length + 64;
        return super.changesOf(write).map((each) => ({ ...each, file: each.file.slice(0, short) }));
      }
    },
  }),
  broken({
    name: "optional-fields-lost",
    breaks: "a field that a record need not have is not stored",
    clauseHint: "ST-002",
    Store: class extends ReferenceStateStore {
      protected override changesOf(write: Write): readonly FileChange[] {
        if (write.kind !== "put-record") return super.changesOf(write);
        const { fallback: _, ...record } = write.record;
        return super.changesOf({ ...write, record });
      }
    },
  }),
];
