import { type FileChange, ReferenceStateStore } from "@persys/conformance";
import { AgentError, type Write } from "@persys/core";
import { broken, type StoreMutant, turn } from "./store-mutant.ts";

/** Wrong ways to take batches. */
export const batchMutants: readonly StoreMutant[] = [
  broken({
    name: "one-write-at-a-time",
    breaks: "the writes of a batch are commits of their own",
    clauseHint: "ST-013",
    Store: class extends ReferenceStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        await Promise.all(batch.map((write) => super.commit([write])));
      }
    },
  }),
  broken({
    name: "plain-error",
    breaks: "a batch that cannot be stored fails with an error that is no AgentError",
    clauseHint: "ST-013",
    Store: class extends ReferenceStateStore {
      protected override encode(batch: readonly Write[]): readonly FileChange[] {
        return batch.flatMap((write) => this.changesOf(write));
      }
    },
  }),
  broken({
    name: "bad-batch-fails-its-neighbours",
    breaks: "a batch that cannot be stored takes those down that share its sync",
    clauseHint: "ST-013",
    Store: class extends ReferenceStateStore {
      #spoilt = false;
      protected override encode(batch: readonly Write[]): readonly FileChange[] {
        try {
          return super.encode(batch);
        } catch (error) {
          this.#spoilt = true;
          throw error;
        }
      }
      protected override checkOwnership(
        mount: Parameters<ReferenceStateStore["checkOwnership"]>[0],
      ): void {
        super.checkOwnership(mount);
        if (!this.#spoilt) return;
        this.#spoilt = false;
        throw new AgentError("STORE_UNAVAILABLE", "the group failed", { effect: "none" });
      }
    },
  }),
  broken({
    name: "any-order",
    breaks:
      "of batches asked for at once every second waits a little, so that later ones overtake it",
    clauseHint: "ST-010",
    Store: class extends ReferenceStateStore {
      #calls = 0;
      override async commit(batch: readonly Write[]): Promise<void> {
        const copy = structuredClone(batch);
        this.#calls += 1;
        if (this.#calls % 2 === 0) await turn();
        await super.commit(copy);
      }
    },
  }),
  broken({
    name: "batch-from-its-end",
    breaks: "the writes of a batch take effect from the last to the first",
    clauseHint: "ST-011",
    Store: class extends ReferenceStateStore {
      override commit(batch: readonly Write[]): Promise<void> {
        return super.commit(batch.toReversed());
      }
    },
  }),
  broken({
    name: "encodes-late",
    breaks: "a batch is encoded after the caller has gone on",
    clauseHint: "ST-009",
    Store: class extends ReferenceStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        await turn();
        await super.commit(batch);
      }
    },
  }),
  broken({
    name: "full-queue-forgets",
    breaks: "of very many batches at once, those beyond the queue are acknowledged and forgotten",
    clauseHint: "ST-012",
    Store: class extends ReferenceStateStore {
      #waiting = 0;
      override async commit(batch: readonly Write[]): Promise<void> {
        if (this.#waiting >= 512) return;
        this.#waiting += 1;
        try {
          await super.commit(batch);
        } finally {
          this.#waiting -= 1;
        }
      }
    },
  }),
  broken({
    name: "empty-batch-fails",
    breaks: "an empty batch is refused",
    clauseHint: "ST-014",
    Store: class extends ReferenceStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        if (batch.length === 0) {
          throw new AgentError("INTERNAL", "there is nothing to store", { effect: "none" });
        }
        await super.commit(batch);
      }
    },
  }),
  broken({
    name: "delete-of-missing-fails",
    breaks: "a delete of what is not there fails the batch",
    clauseHint: "ST-015",
    Store: class extends ReferenceStateStore {
      override async commit(batch: readonly Write[]): Promise<void> {
        for (const write of batch) {
          if (write.kind !== "delete-record") continue;
          if (this.disk.read(`record/${write.id}`) === undefined) {
            throw new AgentError("NOT_FOUND", `there is no ${write.id}`, { effect: "none" });
          }
        }
        await super.commit(batch);
      }
    },
  }),
];
