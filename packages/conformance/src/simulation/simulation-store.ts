import {
  type Action,
  AgentError,
  type QuarantinedRecord,
  type StateStore,
  type StoredState,
  unreachable,
  type WorkloadId,
  type WorkloadRecord,
  type Write,
} from "@persys/core";
import { never } from "./mortal.ts";
import type { PortCall, PortTap } from "../port-tap.ts";

/** What a simulated store keeps. It outlives every agent. What it holds is never changed, and copied for whoever reads it. */
export class SimulationDisk {
  epoch = 0;
  readonly records: Map<string, WorkloadRecord> = new Map();
  readonly actions: Map<number, Action> = new Map();
  /** Ids of records that are damaged. */
  readonly torn: Set<string> = new Set();
}

/** Who is told of what a store does. */
export interface StoreListener {
  /** A batch is on disk. */
  onStored(batch: readonly Write[]): void;
}

interface UnderWay {
  readonly batch: readonly Write[];
  isApplied: boolean;
}

/**
 * A store over a {@link SimulationDisk}. Batches take effect whole, in the order of the calls; what has not taken effect when the agent dies
 * is lost, or damages the record it was about to replace. Every call goes through a tap, which makes it slow, lets it fail, or never return.
 */
export class SimulationStore implements StateStore {
  readonly #disk: SimulationDisk;
  readonly #tap: PortTap;
  readonly #listener: StoreListener;
  readonly #underWay = new Set<UnderWay>();
  #epoch: number | undefined;
  #tail: Promise<void> | undefined;
  #isDead = false;

  constructor(disk: SimulationDisk, tap: PortTap, listener: StoreListener) {
    this.#disk = disk;
    this.#tap = tap;
    this.#listener = listener;
  }

  async open(signal: AbortSignal): Promise<StoredState> {
    const call: PortCall = { port: "store", op: "open" };
    await this.#tap(call, "before", signal);
    signal.throwIfAborted();
    const disk = this.#disk;
    disk.epoch += 1;
    this.#epoch = disk.epoch;
    const records: WorkloadRecord[] = [];
    const quarantined: QuarantinedRecord[] = [];
    for (const record of disk.records.values()) {
      if (disk.torn.has(record.id)) quarantined.push({ id: record.id, why: "its text is torn" });
      else records.push(copyOf(record));
    }
    const actions = Array.from(disk.actions.values(), copyOf);
    const { epoch } = disk;
    await this.#tap(call, "after", signal);
    return { epoch, records, actions: actions.toSorted((a, b) => a.seq - b.seq), quarantined };
  }

  async commit(batch: readonly Write[]): Promise<void> {
    const id = idOf(batch);
    const call: PortCall = { port: "store", op: "commit", ...(id === undefined ? {} : { id }) };
    const before = this.#tail;
    const ownership = this.#epoch;
    const underWay: UnderWay = { batch, isApplied: false };
    this.#underWay.add(underWay);
    const turn = this.#inTurn(call, before, underWay, ownership);
    const tail = turn.catch(() => {});
    this.#tail = tail;
    try {
      await turn;
      await this.#tap(call, "after");
    } finally {
      this.#underWay.delete(underWay);
      if (this.#tail === tail) this.#tail = undefined;
    }
  }

  async close(): Promise<void> {
    const call: PortCall = { port: "store", op: "close" };
    await this.#tap(call, "before");
    await this.#tail;
    this.#epoch = undefined;
    await this.#tap(call, "after");
  }

  /**
   * From now on nothing takes effect. With `tears` the record of the oldest batch that has not taken effect is damaged; returns its id.
   */
  die(tears: boolean): WorkloadId | undefined {
    this.#isDead = true;
    if (!tears) return undefined;
    const torn = [...this.#underWay].find(
      (it) => !it.isApplied && recordOf(it.batch) !== undefined,
    );
    const record = torn && recordOf(torn.batch);
    if (record === undefined) return undefined;
    this.#disk.records.set(record.id, record);
    this.#disk.torn.add(record.id);
    return record.id;
  }

  async #inTurn(
    call: PortCall,
    before: Promise<void> | undefined,
    underWay: UnderWay,
    ownership: number | undefined,
  ): Promise<void> {
    await this.#tap(call, "before");
    await before;
    if (this.#isDead) await never();
    if (ownership === undefined) {
      throw new AgentError("STORE_UNAVAILABLE", "the store is not open", { effect: "none" });
    }
    if (this.#disk.epoch !== ownership) {
      throw new AgentError("OWNERSHIP_LOST", "another owner has taken over", { effect: "none" });
    }
    underWay.isApplied = true;
    for (const write of underWay.batch) apply(write, this.#disk);
    this.#listener.onStored(underWay.batch);
  }
}

function apply(write: Write, disk: SimulationDisk): void {
  switch (write.kind) {
    case "put-record":
      disk.records.set(write.record.id, write.record);
      disk.torn.delete(write.record.id);
      return;
    case "delete-record":
      disk.records.delete(write.id);
      disk.torn.delete(write.id);
      return;
    case "put-action":
      disk.actions.set(write.action.seq, write.action);
      return;
    case "delete-actions":
      for (const seq of write.seqs) disk.actions.delete(seq);
      return;
    default:
      unreachable(write);
  }
}

/** The record that a batch writes. */
function recordOf(batch: readonly Write[]): WorkloadRecord | undefined {
  return batch.find((it) => it.kind === "put-record")?.record;
}

/** As it comes back from a disk: nothing of it is shared, and only what can be written down is left. */
function copyOf<T>(stored: T): T {
  return JSON.parse(JSON.stringify(stored)) as T;
}

function idOf(batch: readonly Write[]): WorkloadId | undefined {
  for (const write of batch) {
    if (write.kind === "put-record") return write.record.id;
    if (write.kind === "delete-record") return write.id;
    if (write.kind === "put-action") return write.action.workloadId;
  }
  return undefined;
}
