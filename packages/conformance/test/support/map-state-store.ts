import {
  type Action,
  AgentError,
  type StateStore,
  type StoredState,
  type WorkloadRecord,
  type Write,
} from "@persys/core";

/** What the stores of one storage share: entries as JSON text. */
export class MapStorage {
  epoch = 0;
  readonly records: Map<string, string> = new Map();
  readonly actions: Map<number, string> = new Map();
}

/** The least that keeps the contract; broken stores are made of it by overriding one method. */
export class MapStateStore implements StateStore {
  protected readonly storage: MapStorage;
  protected epoch: number | undefined;

  constructor(storage: MapStorage) {
    this.storage = storage;
  }

  async open(signal: AbortSignal): Promise<StoredState> {
    signal.throwIfAborted();
    this.epoch = this.nextEpoch();
    const records: WorkloadRecord[] = [];
    const quarantined: StoredState["quarantined"][number][] = [];
    for (const [id, text] of this.storage.records) {
      if (text.endsWith("}")) records.push(JSON.parse(text) as WorkloadRecord);
      else quarantined.push({ id: id as WorkloadRecord["id"], why: "cut short" });
    }
    return { epoch: this.epoch, records, actions: this.readActions(), quarantined };
  }

  async commit(batch: readonly Write[]): Promise<void> {
    this.checkOwnership();
    for (const write of batch) this.check(write);
    for (const write of batch) this.apply(write);
  }

  async close(): Promise<void> {
    this.epoch = undefined;
  }

  protected nextEpoch(): number {
    this.storage.epoch += 1;
    return this.storage.epoch;
  }

  protected checkOwnership(): void {
    if (this.epoch === undefined) {
      throw new AgentError("STORE_UNAVAILABLE", "not open", { effect: "none" });
    }
    if (this.epoch !== this.storage.epoch) {
      throw new AgentError("OWNERSHIP_LOST", "another owner", { effect: "none" });
    }
  }

  protected check(write: Write): void {
    if (write.kind === "put-record" && Number.isNaN(write.record.generation)) {
      throw new AgentError("INTERNAL", "not a number", { effect: "none" });
    }
  }

  protected apply(write: Write): void {
    if (write.kind === "put-record") {
      this.storage.records.set(write.record.id, JSON.stringify(write.record));
    }
    if (write.kind === "delete-record") this.storage.records.delete(write.id);
    if (write.kind === "put-action") {
      this.storage.actions.set(write.action.seq, JSON.stringify(write.action));
    }
    if (write.kind === "delete-actions") {
      for (const seq of write.seqs) this.storage.actions.delete(seq);
    }
  }

  protected readActions(): readonly Action[] {
    return [...this.storage.actions.values()]
      .map((text) => JSON.parse(text) as Action)
      .toSorted((a, b) => a.seq - b.seq);
  }
}
