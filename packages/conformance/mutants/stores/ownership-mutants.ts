import { type DiskMount, ReferenceStateStore } from "@persys/conformance";
import { AgentError, type StoredState, type Write } from "@persys/core";
import { broken, type StoreMutant, turn } from "./store-mutant.ts";

const never = new AbortController().signal;

/** Wrong ways to be the only one. */
export const ownershipMutants: readonly StoreMutant[] = [
  broken({
    name: "stale-epoch-accepted",
    breaks: "nobody looks whether the state is still this owner's",
    clauseHint: "ST-031",
    Store: class extends ReferenceStateStore {
      protected override checkOwnership(): void {}
    },
  }),
  broken({
    name: "ownership-checked-too-soon",
    breaks: "ownership is looked at when a commit is asked for, not when it is written",
    clauseHint: "ST-033",
    Store: class extends ReferenceStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        if (this.mount !== undefined) super.checkOwnership(this.mount);
        await super.commit(batch);
      }
      protected override checkOwnership(): void {}
    },
  }),
  broken({
    name: "lost-as-unavailable",
    breaks: "a former owner is told that the store is out of reach, so it goes on trying",
    clauseHint: "ST-031",
    Store: class extends ReferenceStateStore {
      protected override checkOwnership(mount: DiskMount): void {
        if (mount.isClaimant()) return;
        const options = { effect: "none", retryable: true } as const;
        throw new AgentError("STORE_UNAVAILABLE", "the disk is busy", options);
      }
    },
  }),
  broken({
    name: "epoch-stays",
    breaks: "the epoch is the same with every open",
    clauseHint: "ST-030",
    Store: class extends ReferenceStateStore {
      protected override nextEpoch(mount: DiskMount): number {
        return Math.max(this.storedEpoch(mount), 1);
      }
    },
  }),
  broken({
    name: "lost-epoch-restarts",
    breaks: "an epoch that cannot be read begins at 1 again",
    clauseHint: "ST-046",
    Store: class extends ReferenceStateStore {
      protected override storedEpoch(mount: DiskMount): number {
        try {
          return super.storedEpoch(mount);
        } catch {
          return 0;
        }
      }
    },
  }),
  broken({
    name: "commits-after-close",
    breaks: "a closed store takes commits",
    clauseHint: "ST-035",
    Store: class extends ReferenceStateStore {
      override async close(): Promise<void> {}
    },
  }),
  broken({
    name: "close-loses-pending",
    breaks: "close does not wait for the commits under way, which fail",
    clauseHint: "ST-035",
    Store: class extends ReferenceStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        const copy = structuredClone(batch);
        if (this.mount !== undefined) await turn();
        await super.commit(copy);
      }
    },
  }),
  broken({
    name: "opens-in-spite-of-abort",
    breaks: "open does not heed its signal",
    clauseHint: "ST-037",
    Store: class extends ReferenceStateStore {
      override open(): Promise<StoredState> {
        return super.open(never);
      }
    },
  }),
  broken({
    name: "opened-once",
    breaks: "a store that was closed finds nothing when it is opened again",
    clauseHint: "ST-034",
    Store: class extends ReferenceStateStore {
      #wasOpen = false;
      protected override read(mount: DiskMount): StoredState {
        const state = super.read(mount);
        if (!this.#wasOpen) {
          this.#wasOpen = true;
          return state;
        }
        return { ...state, records: [], actions: [] };
      }
    },
  }),
];
