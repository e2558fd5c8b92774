import { type DiskMount, type FileChange, ReferenceStateStore } from "@persys/conformance";
import { AgentError, type Write } from "@persys/core";
import { broken, type StoreMutant } from "./store-mutant.ts";

/** Wrong ways to run out of room. */
export const spaceMutants: readonly StoreMutant[] = [
  broken({
    name: "full-leaves-half",
    breaks: "a batch for which room runs out on the way fails as if it had no effect",
    clauseHint: "ST-060",
    Store: class extends ReferenceStateStore {
      protected override async persist(
        mount: DiskMount,
        changes: readonly FileChange[],
      ): Promise<void> {
        try {
          await super.persist(mount, changes);
        } catch (error) {
          for (const { file, bytes } of changes.toReversed()) {
            if ((bytes?.byteLength ?? 0) < mount.freeBytes()) mount.write(file, bytes);
          }
          throw error;
        }
      }
    },
  }),
  broken({
    name: "stored-but-failed",
    breaks: "a commit that was stored fails with effect none when room is nearly out",
    clauseHint: "ST-060",
    Store: class extends ReferenceStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        await super.commit(batch);
        if (this.disk.freeBytes() > 2 ** 20) return;
        const options = { effect: "none", retryable: true } as const;
        throw new AgentError("STORE_FULL", "little room is left", options);
      }
    },
  }),
  broken({
    name: "full-as-unavailable",
    breaks: "want of room is reported as a store out of reach",
    clauseHint: "ST-060",
    Store: class extends ReferenceStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        try {
          await super.commit(batch);
        } catch (cause) {
          if (!AgentError.hasCode(cause, "STORE_FULL")) throw cause;
          const options = { effect: "none", retryable: true, cause } as const;
          throw new AgentError("STORE_UNAVAILABLE", "it cannot be written", options);
        }
      }
    },
  }),
  broken({
    name: "full-for-ever",
    breaks: "once room ran out, nothing is written any more",
    clauseHint: "ST-060",
    Store: class extends ReferenceStateStore {
      #full: AgentError | undefined;
      override async commit(batch: readonly Write[]): Promise<void> {
        if (this.#full !== undefined) throw this.#full;
        try {
          await super.commit(batch);
        } catch (error) {
          if (AgentError.hasCode(error, "STORE_FULL")) this.#full = error;
          throw error;
        }
      }
    },
  }),
  broken({
    name: "full-opens-empty",
    breaks: "a store that cannot write its epoch opens with nothing",
    clauseHint: "ST-061",
    Store: class extends ReferenceStateStore {
      protected override read(mount: DiskMount): ReturnType<ReferenceStateStore["read"]> {
        const state = super.read(mount);
        return mount.freeBytes() > 2 ** 20 ? state : { ...state, records: [] };
      }
    },
  }),
];
