import type { Action } from "../domain/action.ts";
import { stampTransition } from "../domain/derive-status.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore, Write } from "../ports/state-store.ts";
import type { SpanOptions, Telemetry } from "../ports/telemetry.ts";
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
  readonly telemetry: Pick<Telemetry, "span">;
  /** How long a commit may take before its outcome counts as not known. */
  readonly commitTimeoutMs: number;
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

/** A commit of which it is not known whether it took effect. */
interface Doubtful {
  readonly commit: Commit;
  /** Its call, while that has not returned. */
  call: Promise<void> | undefined;
}

const commitSpan: SpanOptions = { place: { kind: "inside" }, leafMs: 0 };
/** Most requests that wait for one record: far more than anyone sends on purpose. */
const queuedMax = 256;
/** Amendments beyond this number are made one. */
const amendmentsMax = 8;

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
  #doubtful: Doubtful | undefined;
  /** The commit that is being stored. */
  #underWay: Commit | undefined;
  #tail: Promise<unknown> | undefined;
  #queued = 0;

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

  /** Whether no change is under way or waits. */
  get isIdle(): boolean {
    return this.#queued === 0;
  }

  /**
   * Applies a change; resolves once it is durable, with the change or undefined when there was nothing to change.
   * @throws {AgentError} what `decide` throws; LIMIT_EXCEEDED when too many wait; STORE_UNAVAILABLE, STORE_FULL or OWNERSHIP_LOST: the
   *   stored record may be as before.
   */
  change<T extends RecordChange | undefined>(
    decide: (record: WorkloadRecord | undefined) => T,
  ): Promise<T> {
    return this.#inOrder(async () => {
      await this.#clearDoubt();
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

  /** Keeps an amendment without trying to store it now. One that changes nothing is not kept. */
  keep(decide: Decide): void {
    if (decide(this.provisional) === undefined) return;
    this.#amendments.push(decide);
    // Those that a commit contains stay as they are, so that they can be told from the others once it is stored.
    const contained = this.#uncertain?.amendments ?? 0;
    if (this.#amendments.length - contained > amendmentsMax) this.#fold(contained);
  }

  async #inOrder<T>(work: () => Promise<T>): Promise<T> {
    if (this.#queued >= queuedMax) throw tooManyWaiting();
    this.#queued += 1;
    const before = this.#tail;
    const done = before === undefined ? work() : before.then(work);
    this.#tail = done.then(
      () => {},
      () => {},
    );
    try {
      return await done;
    } finally {
      this.#queued -= 1;
      if (this.#queued === 0) this.#tail = undefined;
    }
  }

  /** The commit of which it is not known yet whether it takes effect. */
  get #uncertain(): Commit | undefined {
    return this.#doubtful?.commit ?? this.#underWay;
  }

  /**
   * Makes all amendments but the first ones one, so that they do not pile up while the store is away for long. It can come to be applied to the
   * record as it is stored, after the first ones, or to that of the uncertain commit should that turn out to have been stored.
   */
  #fold(contained: number): void {
    const first = this.#amendments.slice(0, contained);
    const others = this.#amendments.slice(contained);
    const onCommitted = changeOfAll(others, changeOfAll(first, this.#committed).record);
    const uncertain = this.#uncertain;
    const onUncertain = uncertain && changeOfAll(others, uncertain.record);
    this.#amendments = [
      ...first,
      (record) =>
        uncertain !== undefined && record === uncertain.record ? onUncertain : onCommitted,
    ];
  }

  #commitOf(change: RecordChange | undefined): Commit {
    const { clock, actionLog } = this.#context;
    const learnt = changeOfAll(this.#amendments, this.#committed);
    const { record } = change ?? learnt;
    const actions = [...learnt.actions, ...(change?.actions ?? [])].filter(
      (it) => it !== undefined,
    );
    const nowMs = clock.wallMs();
    const stamped =
      record === undefined ? undefined : stampTransition(this.#committed, record, nowMs);
    const writes = [...recordWrite(stamped, this.#committed), ...actionLog.writes(actions, nowMs)];
    return { record: stamped, writes, amendments: this.#amendments.length };
  }

  /** Repeats the commit whose outcome is not known, if there is one. @throws {AgentError} while its own call has not returned. */
  async #clearDoubt(): Promise<void> {
    const doubtful = this.#doubtful;
    if (doubtful === undefined) return;
    if (doubtful.call !== undefined) throw stillUnderWay();
    await this.#commit(doubtful.commit);
  }

  async #commit(commit: Commit): Promise<void> {
    const { actionLog } = this.#context;
    const batch = actionLog.handOver();
    this.#underWay = commit;
    try {
      await this.#store(commit);
      this.#takeEffect(commit, batch);
    } finally {
      this.#underWay = undefined;
      actionLog.letGo(batch);
    }
  }

  async #store(commit: Commit): Promise<void> {
    const { store, clock, telemetry, onCommit, onCommitFailed } = this.#context;
    const beganMs = clock.monotonicMs();
    try {
      await telemetry.span("persys.store.commit", commitSpan, () =>
        this.#bounded(commit, store.commit(commit.writes)),
      );
    } catch (caught) {
      const error = AgentError.from(caught);
      if (error.effect === "unknown") this.#doubtful ??= { commit, call: undefined };
      onCommitFailed(error);
      throw error;
    }
    onCommit(clock.monotonicMs() - beganMs);
  }

  #takeEffect(commit: Commit, batch: number): void {
    this.#doubtful = undefined;
    this.#amendments = this.#amendments.slice(commit.amendments);
    const before = this.#committed;
    this.#committed = commit.record;
    this.#context.actionLog.publish(commit.writes, batch);
    this.#onCommitted(commit.record, before);
  }

  /**
   * Waits for a commit as long as it may take. One that takes longer is in doubt until its call returns; it is not called again before.
   * @throws {AgentError} what the call threw; STORE_UNAVAILABLE with effect unknown when it takes too long.
   */
  #bounded(commit: Commit, call: Promise<void>): Promise<void> {
    const { clock, commitTimeoutMs } = this.#context;
    return new Promise((resolve, reject) => {
      let doubtful: Doubtful | undefined;
      const stop = clock.schedule(commitTimeoutMs, () => {
        doubtful = { commit, call };
        this.#doubtful = doubtful;
        reject(tookTooLong(commitTimeoutMs));
      });
      const ended = (settle: () => void): void => {
        stop();
        if (doubtful === undefined) settle();
        // From now on the commit may be repeated. That also finds out what came of this one.
        else doubtful.call = undefined;
      };
      call.then(
        () => ended(resolve),
        (error: unknown) => ended(() => reject(error)),
      );
    });
  }
}

function changeOfAll(
  amendments: readonly Decide[],
  from: WorkloadRecord | undefined,
): RecordChange {
  const actions: (Action | undefined)[] = [];
  let record = from;
  for (const decide of amendments) {
    const change = decide(record);
    if (change === undefined) continue;
    record = change.record;
    actions.push(...change.actions);
  }
  return { record, actions: actions.filter((it) => it !== undefined) };
}

function tooManyWaiting(): AgentError {
  return new AgentError(
    "LIMIT_EXCEEDED",
    `${queuedMax} requests for this workload wait already: try again later`,
    { retryable: true, effect: "none" },
  );
}

function tookTooLong(timeoutMs: number): AgentError {
  return new AgentError(
    "STORE_UNAVAILABLE",
    `the state store has not answered within ${timeoutMs} ms`,
    { retryable: true, effect: "unknown" },
  );
}

function stillUnderWay(): AgentError {
  return new AgentError(
    "STORE_UNAVAILABLE",
    "the state store has not answered to an earlier commit of this workload yet",
    { retryable: true, effect: "none" },
  );
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
