import { type DiskMount, ReferenceStateStore } from "@persys/conformance";
import { AgentError, type StoredState, type WorkloadRecord } from "@persys/core";
import { broken, type StoreMutant } from "./store-mutant.ts";

const sealBytes = 5;

/** Wrong ways to meet what was not written so. */
export const damageMutants: readonly StoreMutant[] = [
  broken({
    name: "damage-is-fatal",
    breaks: "one damaged record keeps all from being read",
    clauseHint: "ST-040",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        if (state.quarantined.length === 0) return state;
        throw new AgentError("STORE_UNAVAILABLE", "a record is damaged", { effect: "none" });
      }
    },
  }),
  broken({
    name: "damage-is-removed",
    breaks: "a damaged record is reported and removed",
    clauseHint: "ST-041",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        for (const { id } of state.quarantined) mount.write(`record/${id}`, undefined);
        return state;
      }
    },
  }),
  broken({
    name: "damage-is-not-told",
    breaks: "a damaged record is left out without a word",
    clauseHint: "ST-040",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): StoredState {
        return { ...super.read(mount), quarantined: [] };
      }
    },
  }),
  broken({
    name: "damage-hides-what-follows",
    breaks: "reading ends at a damaged record",
    clauseHint: "ST-040",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        const first = state.quarantined.map(({ id }) => id).toSorted()[0];
        if (first === undefined) return state;
        return { ...state, records: state.records.filter(({ id }) => id < first) };
      }
    },
  }),
  broken({
    name: "no-checksum",
    breaks: "a record is taken for sound when it can be parsed",
    clauseHint: "ST-044",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        const parsed = state.quarantined.flatMap(({ id }) => parse(mount.read(`record/${id}`)));
        const ids = new Set(parsed.map(({ id }) => id));
        return {
          ...state,
          records: [...state.records, ...parsed],
          quarantined: state.quarantined.filter(({ id }) => !ids.has(id)),
        };
      }
    },
  }),
  broken({
    name: "quarantine-cut-to-what-is-legible",
    breaks: "the bytes of a damaged record are rewritten when it is found",
    clauseHint: "ST-044",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        for (const { id } of state.quarantined) {
          mount.write(`record/${id}`, new Uint8Array([0, 0, 0, 0, 0, ...Buffer.from(id)]));
        }
        return state;
      }
    },
  }),
  broken({
    name: "damaged-history-is-fatal",
    breaks: "one damaged action keeps the store from opening",
    clauseHint: "ST-047",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        const stored = mount.files().filter((file) => file.startsWith("action/")).length;
        if (stored === state.actions.length) return state;
        throw new AgentError("STORE_UNAVAILABLE", "the history is damaged", { effect: "none" });
      }
    },
  }),
  broken({
    name: "later-state-overwritten",
    breaks: "a state of a later format is opened and marked as one of this format",
    clauseHint: "ST-050",
    Store: class extends ReferenceStateStore {
      protected override checkLayout(): void {}
    },
  }),
  broken({
    name: "later-record-removed",
    breaks: "a record of a later format is removed as rubbish",
    clauseHint: "ST-045",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        for (const { id, why } of state.quarantined) {
          if (why.includes("later format")) mount.write(`record/${id}`, undefined);
        }
        return state;
      }
    },
  }),
  broken({
    name: "earlier-state-refused",
    breaks: "a state from before the last release, which had no stamp yet, is refused",
    clauseHint: "ST-051",
    Store: class extends ReferenceStateStore {
      protected override checkLayout(mount: DiskMount): void {
        super.checkLayout(mount);
        const isOld = mount.files().length > 0 && mount.read("stamp") === undefined;
        if (isOld && this.storedEpoch(mount) > 1) {
          throw new AgentError("STORE_UNAVAILABLE", "it has no stamp", { effect: "none" });
        }
        mount.write("stamp", new Uint8Array(1));
      }
    },
  }),
];

function parse(bytes: Uint8Array | undefined): readonly WorkloadRecord[] {
  try {
    const record = JSON.parse(
      Buffer.from(bytes ?? []).toString("utf8", sealBytes),
    ) as WorkloadRecord;
    return typeof record.id === "string" ? [record] : [];
  } catch {
    // It cannot be parsed: quarantined, as it should be.
    return [];
  }
}
