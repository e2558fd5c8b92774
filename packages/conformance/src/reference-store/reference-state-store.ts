import {
  type Action,
  AgentError,
  type QuarantinedRecord,
  type StateStore,
  type StoredState,
  type WorkloadId,
  type WorkloadRecord,
  type Write,
} from "@persys/core";
import { format, seal, unseal } from "./sealed-file.ts";
import { DiskFull, type DiskMount, PowerLost, type SimulatedDisk } from "./simulated-disk.ts";

/** One file as it is to be: undefined for one that is to go. */
export interface FileChange {
  readonly file: string;
  readonly bytes: Uint8Array | undefined;
}

interface Waiting {
  readonly changes: readonly FileChange[];
  readonly done: PromiseWithResolvers<void>;
}

const layoutFile = "layout";
const epochFile = "epoch";
const journalFile = "journal";

/**
 * The least that keeps every clause, on a {@link SimulatedDisk}: a file for each entry, and a journal.
 *
 *     open    layout known? -> do again what the journal has -> epoch + 1 -> read and check every file
 *     commit  encode -> queue -> is the disk still ours? -> journal, sync -> files, sync -> no journal
 *
 * A journal that is torn was never acknowledged and counts as none; one that is whole is done again. It shows what the clauses demand, and stores
 * with one thing wrong each are made of it. A second store that is opened over the same disk takes over.
 */
export class ReferenceStateStore implements StateStore {
  protected readonly disk: SimulatedDisk;
  protected mount: DiskMount | undefined;
  protected epoch = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
  }

  async open(signal: AbortSignal): Promise<StoredState> {
    signal.throwIfAborted();
    const mount = this.disk.mount();
    this.checkLayout(mount);
    mount.claim();
    let epoch: number;
    try {
      await this.replay(mount);
      epoch = this.nextEpoch(mount);
      await this.persist(mount, [
        { file: layoutFile, bytes: seal(layoutFile, { format }) },
        { file: epochFile, bytes: seal(epochFile, epoch) },
      ]);
    } catch (error) {
      throw failureOf(error);
    }
    signal.throwIfAborted();
    this.mount = mount;
    this.epoch = epoch;
    return this.read(mount);
  }

  async commit(batch: readonly Write[]): Promise<void> {
    if (this.mount === undefined) throw notOpen();
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ changes: this.encode(batch), done });
    this.#writing ??= this.#write(this.mount);
    await done.promise;
  }

  async close(): Promise<void> {
    this.mount = undefined;
    while (this.#writing !== undefined) await this.#writing;
  }

  /** @throws {AgentError} STORE_UNAVAILABLE for a layout that this release does not know. */
  protected checkLayout(mount: DiskMount): void {
    const bytes = mount.read(layoutFile);
    if (bytes === undefined && mount.files().length === 0) return;
    const layout = unseal(layoutFile, bytes ?? new Uint8Array());
    if (layout.ok) return;
    throw new AgentError("STORE_UNAVAILABLE", `the layout cannot be read: ${layout.why}`, {
      effect: "none",
      fault: layout.isNewer ? "user" : "system",
    });
  }

  /** The epoch that is stored. @throws {AgentError} STORE_UNAVAILABLE */
  protected storedEpoch(mount: DiskMount): number {
    const bytes = mount.read(epochFile);
    if (bytes === undefined) return 0;
    const epoch = unseal(epochFile, bytes);
    if (epoch.ok) return Number(epoch.value);
    throw new AgentError("STORE_UNAVAILABLE", `the epoch cannot be read: ${epoch.why}`, {
      effect: "none",
    });
  }

  protected nextEpoch(mount: DiskMount): number {
    return this.storedEpoch(mount) + 1;
  }

  /** @throws {AgentError} OWNERSHIP_LOST */
  protected checkOwnership(mount: DiskMount): void {
    if (mount.isClaimant()) return;
    throw new AgentError("OWNERSHIP_LOST", "another owner has taken over the state", {
      effect: "none",
    });
  }

  /** What a batch makes of the files. @throws {AgentError} INTERNAL, effect none. */
  protected encode(batch: readonly Write[]): readonly FileChange[] {
    try {
      return batch.flatMap((write) => this.changesOf(write));
    } catch (cause) {
      throw new AgentError("INTERNAL", "the batch cannot be stored", { effect: "none", cause });
    }
  }

  protected changesOf(write: Write): readonly FileChange[] {
    switch (write.kind) {
      case "put-record":
        return [sealed(recordFile(write.record.id), write.record)];
      case "delete-record":
        return [{ file: recordFile(write.id), bytes: undefined }];
      case "put-action":
        return [sealed(actionFile(write.action.seq), write.action)];
      case "delete-actions":
        return write.seqs.map((seq) => ({ file: actionFile(seq), bytes: undefined }));
    }
  }

  /** Makes the changes, all or none. Resolved means safe. @throws {AgentError} OWNERSHIP_LOST */
  protected async persist(mount: DiskMount, changes: readonly FileChange[]): Promise<void> {
    this.checkOwnership(mount);
    await this.writeJournal(mount, changes);
    // Whoever took over meanwhile has found the journal, and does what it says.
    if (!mount.isClaimant()) return;
    for (const { file, bytes } of changes) mount.write(file, bytes);
    await mount.sync();
    if (mount.isClaimant()) mount.write(journalFile, undefined);
  }

  /** Resolved means safe. @throws {DiskFull} */
  protected async writeJournal(mount: DiskMount, changes: readonly FileChange[]): Promise<void> {
    const journal = seal(
      journalFile,
      changes.map(({ file, bytes }) => [file, bytes && Buffer.from(bytes).toString("latin1")]),
    );
    // Room for the files as well, as there is no way back once the journal is safe.
    const bytesMax = changes.reduce((sum, { bytes }) => sum + (bytes?.byteLength ?? 0), 0);
    if (bytesMax + journal.byteLength > mount.freeBytes()) throw new DiskFull("no space is left");
    mount.write(journalFile, journal);
    await mount.sync();
  }

  /** Does again what a whole journal has. */
  protected async replay(mount: DiskMount): Promise<void> {
    const journal = mount.read(journalFile);
    if (journal === undefined) return;
    const found = unseal(journalFile, journal);
    if (found.ok) {
      for (const [file, text] of found.value as readonly (readonly [string, string | null])[]) {
        mount.write(file, text === null ? undefined : Buffer.from(text, "latin1"));
      }
    }
    await mount.sync();
    mount.write(journalFile, undefined);
  }

  protected read(mount: DiskMount): StoredState {
    const records: WorkloadRecord[] = [];
    const quarantined: QuarantinedRecord[] = [];
    const actions: Action[] = [];
    for (const file of mount.files()) {
      const content = unseal(file, mount.read(file) ?? new Uint8Array());
      const [folder, name = ""] = file.split("/");
      if (folder === "record") {
        if (content.ok) records.push(content.value as WorkloadRecord);
        else quarantined.push({ id: name as WorkloadId, why: content.why });
      }
      if (folder === "action" && content.ok) actions.push(content.value as Action);
    }
    return { epoch: this.epoch, records, quarantined, actions: this.inOrder(actions) };
  }

  protected inOrder(actions: readonly Action[]): readonly Action[] {
    return actions.toSorted((one, other) => one.seq - other.seq);
  }

  async #write(mount: DiskMount): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeGroup(mount, this.#waiting.splice(0));
    this.#writing = undefined;
  }

  async #writeGroup(mount: DiskMount, group: readonly Waiting[]): Promise<void> {
    try {
      await mount.ready();
      await this.persist(
        mount,
        group.flatMap(({ changes }) => changes),
      );
      for (const { done } of group) done.resolve();
    } catch (error) {
      if (error instanceof DiskFull && group.length > 1) {
        for (const each of group) await this.#writeGroup(mount, [each]);
      } else {
        for (const { done } of group) done.reject(failureOf(error));
      }
    }
  }
}

/** A file for each record; ids have neither slash nor leading dot. */
export function recordFile(id: string): string {
  return `record/${id}`;
}

/** A file for each entry of the history. */
export function actionFile(seq: number): string {
  return `action/${seq}`;
}

function sealed(file: string, value: unknown): FileChange {
  return { file, bytes: seal(file, value) };
}

function notOpen(): AgentError {
  return new AgentError("STORE_UNAVAILABLE", "the store is not open", { effect: "none" });
}

function failureOf(cause: unknown): AgentError {
  if (AgentError.is(cause)) return cause;
  if (cause instanceof DiskFull) {
    const options = { effect: "none", retryable: true, cause } as const;
    return new AgentError("STORE_FULL", "the state cannot be written: no space is left", options);
  }
  const effect = cause instanceof PowerLost ? "unknown" : "none";
  return new AgentError("STORE_UNAVAILABLE", "the state cannot be written", { effect, cause });
}
