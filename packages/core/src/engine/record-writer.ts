import type { Action } from "../domain/action.ts";
import { stampTransition } from "../domain/derive-status.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore, Write } from "../ports/state-store.ts";
import type { ActionLog } from "./action-log.ts";

/** A change of one record: the record to store (undefined: forget it), and history entries to store with it. */
export interface RecordChange {
  readonly record: WorkloadRecord | undefined;
  readonly actions: readonly (Action | undefined)[];
}

/** Makes a change of a record, or undefined when there is nothing to change. */
export type Decide = (record: WorkloadRecord | undefined) => RecordChange | undefined;

/** What the writers of all records share. */
export interface WriterContext {
  readonly store: StateStore;
  readonly actionLog: ActionLog;
  readonly clock: Clock;
  /** Called after each commit that succeeded, with its duration. */
  readonly onCommit: (durationMs: number) => void;
  /** Called after each commit that failed. */
  readonly onCommitFailed: (error: AgentError) => void;
}

/** Called when a commit took effect. */
export type OnCommitted = (
  record: WorkloadRecord | undefined,
  before: WorkloadRecord | undefined,
) => void;

interface Commit {
  readonly record: WorkloadRecord | undefined;
  readonly writes: readonly Write[];
  /** How many of the amendments it contains. */
  readonly amendments: number;
}

/**
 * The one writer of one record. Changes are decided in order, each on the record with everything before it, and take effect in memory only
 * once they are durable.
 *
 * A commit whose outcome is not known is repeated whole before anything else. What the engine has learnt of the world but could not store
 * is kept as an amendment, and is stored with the next commit that succeeds.
 */
export class RecordWriter {
  readonly #context: WriterContext;
  readonly #onCommitted: OnCommitted;
  #committed: WorkloadRecord | undefined;
  #amendments: Decide[] = [];
  #doubtful: Commit | undefined;
  #tail: Promise<unknown> | undefined;

  constructor(
    context: WriterContext,
    committed: WorkloadRecord | undefined,
    onCommitted: OnCommitted,
  ) {
    this.#context = context;
    this.#committed = committed;
    this.#onCommitted = onCommitted;
  }

  /** The record as it is stored; undefined before it was created and after it was forgotten. */
  get committed(): WorkloadRecord | undefined {
    return this.#committed;
  }

  /** The stored record with the amendments that could not be stored yet. */
  get provisional(): WorkloadRecord | undefined {
    return this.#amendments.reduce((record, decide) => changedBy(decide, record), this.#committed);
  }

  /** Whether everything learnt is stored. */
  get isStored(): boolean {
    return this.#amendments.length === 0 && this.#doubtful === undefined;
  }

  /**
   * Applies a change; resolves once it is durable, with the change or undefined when there was nothing to change.
   * @throws {AgentError} what `decide` throws; STORE_UNAVAILABLE, STORE_FULL or OWNERSHIP_LOST: the stored record may be as before.
   */
  change<T extends RecordChange | undefined>(
    decide: (record: WorkloadRecord | undefined) => T,
  ): Promise<T> {
    return this.#inOrder(async () => {
      if (this.#doubtful !== undefined) await this.#commit(this.#doubtful);
      const change = decide(this.provisional);
      if (change !== undefined || this.#amendments.length > 0)
        await this.#commit(this.#commitOf(change));
      return change;
    });
  }

  /**
   * Applies a change that tells what has happened: when it cannot be stored it is kept. Resolves with whether all is stored.
   * @throws {AgentError} OWNERSHIP_LOST.
   */
  async amend(decide: Decide): Promise<boolean> {
    try {
      await this.change(decide);
    } catch (error) {
      if (AgentError.hasCode(error, "OWNERSHIP_LOST") || !AgentError.is(error)) throw error;
      this.keep(decide);
    }
    return this.isStored;
  }

  /** Keeps an amendment without trying to store it now. */
  keep(decide: Decide): void {
    this.#amendments.push(decide);
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail === undefined ? work() : this.#tail.then(work);
    const settled = done.then(
      () => {},
      () => {},
    );
    this.#tail = settled;
    void settled.then(() => {
      if (this.#tail === settled) this.#tail = undefined;
    });
    return done;
  }

  #commitOf(change: RecordChange | undefined): Commit {
    const { clock, actionLog } = this.#context;
    const actions: Action[] = [];
    let record = this.#committed;
    for (const decide of this.#amendments) {
      const amendment = decide(record);
      if (amendment === undefined) continue;
      record = amendment.record;
      actions.push(...amendment.actions.filter((it) => it !== undefined));
    }
    if (change !== undefined) {
      record = change.record;
      actions.push(...change.actions.filter((it) => it !== undefined));
    }
    const nowMs = clock.wallMs();
    const stamped =
      record === undefined ? undefined : stampTransition(this.#committed, record, nowMs);
    const writes = [...recordWrite(stamped, this.#committed), ...actionLog.writes(actions, nowMs)];
    return { record: stamped, writes, amendments: this.#amendments.length };
  }

  async #commit(commit: Commit): Promise<void> {
    const { store, clock, actionLog, onCommit, onCommitFailed } = this.#context;
    const beganMs = clock.monotonicMs();
    try {
      await store.commit(commit.writes);
    } catch (caught) {
      const error = AgentError.from(caught);
      if (error.effect === "unknown") this.#doubtful = commit;
      onCommitFailed(error);
      throw error;
    }
    onCommit(clock.monotonicMs() - beganMs);
    this.#doubtful = undefined;
    this.#amendments = this.#amendments.slice(commit.amendments);
    const before = this.#committed;
    this.#committed = commit.record;
    actionLog.publish(commit.writes);
    this.#onCommitted(commit.record, before);
  }
}

function changedBy(decide: Decide, record: WorkloadRecord | undefined): WorkloadRecord | undefined {
  const change = decide(record);
  return change === undefined ? record : change.record;
}

function recordWrite(
  record: WorkloadRecord | undefined,
  before: WorkloadRecord | undefined,
): readonly Write[] {
  if (record !== undefined) return [{ kind: "put-record", record }];
  return before === undefined ? [] : [{ kind: "delete-record", id: before.id }];
}
