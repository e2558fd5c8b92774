import { fileURLToPath } from "node:url";
import {
  type DiskMount,
  type FileChange,
  ReferenceStateStore,
  referenceStoreHarness,
  RemoteStateStore,
} from "@persys/conformance";
import type { Write } from "@persys/core";
import { broken, type StoreMutant } from "./store-mutant.ts";

const journal = "journal";

function writeAll(mount: DiskMount, changes: readonly FileChange[]): void {
  for (const { file, bytes } of changes) mount.write(file, bytes);
}

/** Wrong ways to make a commit last. */
export const durabilityMutants: readonly StoreMutant[] = [
  broken({
    name: "commit-resolves-before-sync",
    breaks: "a commit resolves when it is written, before that is synced",
    clauseHint: "ST-021",
    Store: class extends ReferenceStateStore {
      protected override persist(mount: DiskMount, changes: readonly FileChange[]): Promise<void> {
        void super.persist(mount, changes).catch(() => {});
        return Promise.resolve();
      }
    },
  }),
  broken({
    name: "batch-without-journal",
    breaks: "the files of a batch are written one by one, so that a crash leaves some of them",
    clauseHint: "ST-021",
    Store: class extends ReferenceStateStore {
      protected override async persist(
        mount: DiskMount,
        changes: readonly FileChange[],
      ): Promise<void> {
        this.checkOwnership(mount);
        writeAll(mount, changes);
        await mount.sync();
      }
    },
  }),
  broken({
    name: "journal-synced-with-files",
    breaks: "the journal is synced together with what it is to protect",
    clauseHint: "ST-021",
    Store: class extends ReferenceStateStore {
      protected override writeJournal(): Promise<void> {
        return Promise.resolve();
      }
    },
  }),
  broken({
    name: "journal-dropped-too-soon",
    breaks: "the journal goes before the files that it stands for are synced",
    clauseHint: "ST-021",
    Store: class extends ReferenceStateStore {
      protected override async persist(
        mount: DiskMount,
        changes: readonly FileChange[],
      ): Promise<void> {
        this.checkOwnership(mount);
        await this.writeJournal(mount, changes);
        mount.write(journal, undefined);
        await mount.sync();
        writeAll(mount, changes);
      }
    },
  }),
  broken({
    name: "journal-not-replayed",
    breaks: "what a crash has left in the journal is thrown away by the next open",
    clauseHint: "ST-021",
    Store: class extends ReferenceStateStore {
      protected override async replay(mount: DiskMount): Promise<void> {
        if (mount.read(journal) !== undefined) mount.write(journal, undefined);
      }
    },
  }),
  {
    name: "memory-of-the-process",
    breaks: "what is acknowledged lives in the memory of the process and goes with it",
    clauseHint: "ST-022",
    harness: async () => ({
      ...(await referenceStoreHarness()),
      childProcess: {
        module: fileURLToPath(new URL("forgetful-child.ts", import.meta.url)),
        options: null,
      },
    }),
  },
  broken({
    name: "acknowledged-while-away",
    breaks: "a commit for which there is no server is kept for later and acknowledged",
    clauseHint: "ST-023",
    Remote: class extends RemoteStateStore {
      readonly #later: (readonly Write[])[] = [];
      override async commit(batch: readonly Write[]): Promise<void> {
        this.#later.push(batch);
        while (this.server.isUp) {
          const [next] = this.#later.splice(0, 1);
          if (next === undefined) return;
          await super.commit(next);
        }
      }
    },
  }),
  broken({
    name: "repeated-by-itself",
    breaks: "what had no answer is sent again later, after what came behind it",
    clauseHint: "ST-023",
    Remote: class extends RemoteStateStore {
      readonly #unanswered: (readonly Write[])[] = [];
      override async commit(batch: readonly Write[]): Promise<void> {
        try {
          await super.commit(batch);
        } catch (error) {
          this.#unanswered.push(batch);
          throw error;
        }
      }
      override async close(): Promise<void> {
        for (const batch of this.#unanswered) await super.commit(batch);
        await super.close();
      }
    },
  }),
  broken({
    name: "open-returns-cached",
    breaks: "a store that is opened again gives what it found the first time and wrote itself",
    clauseHint: "ST-020",
    Store: class extends ReferenceStateStore {
      #cached: ReturnType<ReferenceStateStore["read"]> | undefined;
      protected override read(mount: DiskMount): ReturnType<ReferenceStateStore["read"]> {
        this.#cached ??= super.read(mount);
        return { ...this.#cached, epoch: this.epoch };
      }
    },
  }),
];
