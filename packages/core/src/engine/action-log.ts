import type { Action, ActionStatus, ActionType } from "../domain/action.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { ActionFilter, Caller } from "../ports/agent-api.ts";
import type { Write } from "../ports/state-store.ts";
import { WriteOrder } from "./write-order.ts";

/** What a new entry is about. */
export interface NewAction {
  readonly type: ActionType;
  readonly workloadId: WorkloadId;
  readonly generation: number;
  readonly revisionId: string;
  readonly caller: Caller;
  readonly nowMs: number;
}

/**
 * The node's history in memory, in step with the store: entries are made here, written by whoever commits the record they belong to, and
 * published here once that is durable.
 */
export class ActionLog {
  readonly #entries: Map<number, Action> = new Map();
  readonly #actionsMax: number;
  readonly #maxAgeMs: number;
  readonly #onEnded: (action: Action) => void;
  readonly #order: WriteOrder = new WriteOrder();
  #lastSeq = 0;
  #lastTaskNs = 0n;

  /** `onEnded` is called with each entry whose end has just been stored. */
  constructor(
    bounds: { readonly actionsMax: number; readonly actionsMaxAgeMs: number },
    stored: readonly Action[],
    onEnded: (action: Action) => void = () => {},
  ) {
    this.#onEnded = onEnded;
    this.#actionsMax = bounds.actionsMax;
    this.#maxAgeMs = bounds.actionsMaxAgeMs;
    for (const action of stored) {
      this.#entries.set(action.seq, action);
      this.#lastSeq = Math.max(this.#lastSeq, action.seq);
    }
  }

  /** The entry with this number, if it is kept. */
  get(seq: number | undefined): Action | undefined {
    return seq === undefined ? undefined : this.#entries.get(seq);
  }

  /** Makes an entry with a number of its own. It is not part of the history until it is published. */
  create(what: NewAction): Action {
    this.#lastSeq += 1;
    const verb = what.type.slice(0, what.type.indexOf("_"));
    const { traceparent } = what.caller;
    return {
      seq: this.#lastSeq,
      taskId: `${verb}-${what.workloadId}-${this.#taskNs(what.nowMs)}`,
      workloadId: what.workloadId,
      type: what.type,
      status: "pending",
      generation: what.generation,
      revisionId: what.revisionId,
      error: "",
      caller: what.caller.identity,
      ...(traceparent === undefined ? {} : { traceparent }),
      createdAtMs: what.nowMs,
      startedAtMs: 0,
      endedAtMs: 0,
    };
  }

  /** The entry moved on, or undefined when that changes nothing: what has ended stays ended. */
  moved(
    seq: number | undefined,
    status: ActionStatus,
    nowMs: number,
    error = "",
  ): Action | undefined {
    const action = this.get(seq);
    if (action === undefined || action.endedAtMs > 0 || action.status === status) return undefined;
    const ended = status === "completed" || status === "failed";
    return {
      ...action,
      status,
      error,
      startedAtMs: action.startedAtMs === 0 ? nowMs : action.startedAtMs,
      endedAtMs: ended ? nowMs : 0,
    };
  }

  /** The writes that store these entries and drop those that the bounds no longer allow. */
  writes(actions: readonly Action[], nowMs: number): readonly Write[] {
    const writes: Write[] = actions.map((action) => ({ kind: "put-action", action }));
    const seqs = this.#outOfBounds(actions, nowMs);
    if (seqs.length > 0) writes.push({ kind: "delete-actions", seqs });
    return writes;
  }

  /** Numbers a batch that is handed to the store now. Once it is known what came of it, it is let go. */
  handOver(): number {
    return this.#order.begin();
  }

  /** Nothing more will be heard of a batch. */
  letGo(batch: number): void {
    this.#order.end(batch);
  }

  /** Takes in what has been stored by a batch that was handed over. */
  publish(writes: readonly Write[], batch: number): void {
    for (const write of writes) {
      if (write.kind === "put-action" && this.#order.touch(write.action.seq, batch))
        this.#put(write.action);
      if (write.kind !== "delete-actions") continue;
      for (const seq of write.seqs) if (this.#order.touch(seq, batch)) this.#entries.delete(seq);
    }
  }

  #put(action: Action): void {
    const hadEnded = (this.#entries.get(action.seq)?.endedAtMs ?? 0) > 0;
    this.#entries.set(action.seq, action);
    if (action.endedAtMs > 0 && !hadEnded) this.#onEnded(action);
  }

  /** The entries that pass the filter. */
  select(filter: ActionFilter): readonly Action[] {
    const all = [...this.#entries.values()].toSorted((a, b) => a.seq - b.seq);
    const chosen = all.filter(
      (it) =>
        (filter.workloadId === undefined || it.workloadId === filter.workloadId) &&
        (filter.type === undefined || it.type === filter.type) &&
        (filter.status === undefined || it.status === filter.status),
    );
    if (filter.newestFirst) chosen.reverse();
    return filter.limit > 0 ? chosen.slice(0, filter.limit) : chosen;
  }

  #outOfBounds(adding: readonly Action[], nowMs: number): readonly number[] {
    const fresh = adding.filter((it) => !this.#entries.has(it.seq)).length;
    if (fresh === 0) return [];
    let excess = this.#entries.size + fresh - this.#actionsMax;
    const seqs: number[] = [];
    for (const action of this.#entries.values()) {
      const old = nowMs - action.createdAtMs > this.#maxAgeMs;
      if (excess <= 0 && !old) break;
      seqs.push(action.seq);
      excess -= 1;
    }
    return seqs;
  }

  /** Task ids carry nanoseconds; two of one millisecond still differ. */
  #taskNs(nowMs: number): bigint {
    const ns = BigInt(Math.round(nowMs)) * 1_000_000n;
    this.#lastTaskNs = ns > this.#lastTaskNs ? ns : this.#lastTaskNs + 1n;
    return this.#lastTaskNs;
  }
}
