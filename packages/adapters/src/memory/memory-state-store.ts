import {
  type Action,
  AgentError,
  type Logger,
  type QuarantinedRecord,
  silentLogger,
  type StateStore,
  type StoredState,
  unreachable,
  type WorkloadId,
  type WorkloadRecord,
  type Write,
} from "@persys/core";
import { encodeBatch, type EntryWrite } from "../shared/record-codec/encode-batch.ts";
import { actionCodec, recordCodec } from "../shared/record-codec/record-codec.ts";
import { MemoryDisk } from "./memory-disk.ts";

/** What a MemoryStateStore may be given. */
export interface MemoryStateStoreOptions {
  /** Where the state is kept; a disk of its own by default. Share one to restart. */
  readonly disk?: MemoryDisk;
  /** Told of dropped history entries. Default: nobody. */
  readonly logger?: Logger;
}

/**
 * A StateStore that lasts as long as its {@link MemoryDisk}: for tests, and for embedders that can rebuild their workloads. It stores the
 * same bytes as the stores on disk, so nothing it gave out or was given is shared with what it holds. A second store that is opened over
 * the same disk takes over, as on a lock that was lost.
 */
export class MemoryStateStore implements StateStore {
  readonly #disk: MemoryDisk;
  readonly #logger: Logger;
  #epoch: number | undefined;

  constructor(options: MemoryStateStoreOptions = {}) {
    this.#disk = options.disk ?? new MemoryDisk();
    this.#logger = options.logger ?? silentLogger;
  }

  /** Takes over the disk. Never OWNED_BY_OTHER: whoever held it before gets OWNERSHIP_LOST at its next commit. */
  async open(signal: AbortSignal): Promise<StoredState> {
    signal.throwIfAborted();
    this.#disk.epoch += 1;
    this.#epoch = this.#disk.epoch;
    const quarantined: QuarantinedRecord[] = [];
    const records: WorkloadRecord[] = [];
    for (const [id, bytes] of this.#disk.records) {
      const decoded = recordCodec.decode(id, bytes);
      if (decoded.ok) records.push(decoded.value);
      else quarantined.push({ id: id as WorkloadId, why: decoded.defect.why });
    }
    return { epoch: this.#epoch, records, actions: this.#readActions(), quarantined };
  }

  async commit(batch: readonly Write[]): Promise<void> {
    if (this.#epoch === undefined) {
      throw new AgentError("STORE_UNAVAILABLE", "the store is not open", { effect: "none" });
    }
    if (this.#disk.epoch !== this.#epoch) {
      throw new AgentError("OWNERSHIP_LOST", "another owner has taken over the state", {
        effect: "none",
        details: { epoch: this.#epoch, storedEpoch: this.#disk.epoch },
      });
    }
    for (const write of encodeBatch(batch)) apply(write, this.#disk);
  }

  close(): Promise<void> {
    this.#epoch = undefined;
    return Promise.resolve();
  }

  #readActions(): readonly Action[] {
    const actions: Action[] = [];
    for (const [seq, bytes] of this.#disk.actions) {
      const decoded = actionCodec.decode(String(seq), bytes);
      if (decoded.ok) actions.push(decoded.value);
      else {
        this.#logger.warn("dropped a history entry", { seq, why: decoded.defect.why });
        if (decoded.defect.kind !== "newer") this.#disk.actions.delete(seq);
      }
    }
    return actions.toSorted((a, b) => a.seq - b.seq);
  }
}

function apply(write: EntryWrite, disk: MemoryDisk): void {
  switch (write.kind) {
    case "put-record":
      disk.records.set(write.id, write.bytes);
      return;
    case "delete-record":
      disk.records.delete(write.id);
      return;
    case "put-action":
      disk.actions.set(write.seq, write.bytes);
      return;
    case "delete-actions":
      for (const seq of write.seqs) disk.actions.delete(seq);
      return;
    default:
      unreachable(write);
  }
}
