import { absorbObservation, type AbsorbContext } from "../domain/absorb-observation.ts";
import type { Action } from "../domain/action.ts";
import { nextCreation } from "../domain/decide-apply.ts";
import { actualState } from "../domain/derive-status.ts";
import type { Observation } from "../domain/observation.ts";
import {
  afterCancellation,
  afterSuccess,
  mayStartUncommitted,
  withIntent,
} from "../domain/record-transitions.ts";
import type { RuntimeStep, Step } from "../domain/step.ts";
import { type StepOutcome, withOutcome } from "../domain/step-outcome.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import { doubled } from "./doubled.ts";
import type { EngineContext } from "./engine-context.ts";
import { type Decide, type RecordChange, RecordWriter } from "./record-writer.ts";
import { isSameSubstance } from "./sight.ts";

const commitRetryMs = { first: 100, longest: 10_000 };

/** What was seen, and when. */
export interface Seen {
  readonly observation: Observation;
  readonly atMs: number;
  /** A wall time that has come, whatever the wall clock says; 0: none is known. */
  readonly reachedMs: number;
}

/** A step that ended, and the record it was planned on. */
export interface EndedStep {
  readonly planned: WorkloadRecord;
  readonly step: RuntimeStep;
  readonly outcome: StepOutcome;
}

/**
 * What came of writing an intent down. `stale`: the record has moved on, plan anew. `failed`: the store does not take it, and the step must
 * not be taken without.
 */
export type IntentResult = "taken" | "stale" | "failed";

/** A workload's record as its lane changes it, through the record's one writer. */
export class LaneRecord {
  readonly #id: WorkloadId;
  readonly #context: EngineContext;
  readonly #writer: RecordWriter;
  #failures = 0;

  constructor(id: WorkloadId, context: EngineContext, record: WorkloadRecord | undefined) {
    this.#id = id;
    this.#context = context;
    this.#writer = new RecordWriter(context.writer, record, (next, before) =>
      context.onCommitted(id, next, before),
    );
  }

  /** The record as stored; undefined before it was created and after it was forgotten. */
  get committed(): WorkloadRecord | undefined {
    return this.#writer.committed;
  }

  /** Whether everything learnt is stored. */
  get isStored(): boolean {
    return this.#writer.isStored;
  }

  /** Whether nothing is being stored or waits for it. */
  get isIdle(): boolean {
    return this.#writer.isIdle;
  }

  /** The record with everything learnt, stored or not. */
  get provisional(): WorkloadRecord | undefined {
    return this.#writer.provisional;
  }

  /** What was last seen, stored or not; undefined while nothing was seen for this record, whatever was seen for one before it. */
  get observation(): Observation | undefined {
    const { provisional } = this;
    return provisional === undefined || provisional.observedAtMs === 0
      ? undefined
      : provisional.observation;
  }

  /** How long to wait before the next try to store, in milliseconds. */
  get retryDelayMs(): number {
    return doubled(commitRetryMs, this.#failures);
  }

  /** Commits the change of a request. @throws what `RecordWriter.change` throws. */
  change<T extends RecordChange | undefined>(
    decide: (record: WorkloadRecord | undefined) => T,
  ): Promise<T> {
    return this.#writer.change(decide);
  }

  /**
   * Stores what an observation, and the end of a step before it, change. Resolves with the record to plan from, stored or not.
   * @throws {AgentError} OWNERSHIP_LOST.
   */
  async absorb(seen: Seen, ended?: EndedStep): Promise<WorkloadRecord | undefined> {
    const context = this.#absorbContext(seen.reachedMs);
    await this.#amend((record) => {
      if (record === undefined) return undefined;
      const after =
        ended === undefined
          ? record
          : withOutcome(record, ended.planned, { ...ended, after: seen.observation }, context);
      const absorbed = this.#withObservation(after, seen, context);
      if (absorbed === record) return undefined;
      return { record: absorbed, actions: [this.#reached(absorbed)] };
    });
    return this.#writer.provisional;
  }

  /** Writes the intent of a step down, before it is taken. @throws {AgentError} OWNERSHIP_LOST. */
  async intend(
    planned: WorkloadRecord,
    step: RuntimeStep,
    observation: Observation,
  ): Promise<IntentResult> {
    const { clock, actionLog, logger } = this.#context;
    const nowMs = clock.wallMs();
    const decide = (record: WorkloadRecord | undefined): RecordChange | undefined => {
      if (record?.generation !== planned.generation || record.uid !== planned.uid) return undefined;
      const running = actionLog.moved(record.actionSeq, "running", nowMs);
      return { record: withIntent(record, step, observation, nowMs), actions: [running] };
    };
    try {
      if (this.isStored)
        return (await this.#writer.change(decide)) === undefined ? "stale" : "taken";
    } catch (error) {
      if (!AgentError.is(error) || error.code === "OWNERSHIP_LOST") throw error;
      this.#failures += 1;
      // It may have been stored all the same, of a step that is not taken now.
      if (error.effect === "unknown") this.#writer.keep(withdrawn(planned));
      if (!mayStartUncommitted(planned, step)) return "failed";
    }
    logger.warn("starting without a stored intent: the store fails, healing goes on", {
      id: this.#id,
    });
    this.#writer.keep(decide);
    return "taken";
  }

  /** Takes an intent back whose step was never begun: a start that did not happen does not count as one. */
  async withdraw(planned: WorkloadRecord): Promise<void> {
    await this.#amend(withdrawn(planned));
  }

  /** Tries to store what could not be stored so far. @throws {AgentError} OWNERSHIP_LOST. */
  async settle(): Promise<void> {
    if (!this.isStored) await this.#amend(() => undefined);
  }

  /** Whether it is stored already that there is nothing to do any more. */
  isRestNoted(record: WorkloadRecord): boolean {
    return record.intent === undefined && this.isStored && this.#reached(record) === undefined;
  }

  /** Notes that there is nothing to do any more: what was asked for is reached. Writes nothing where that is known. */
  async rest(record: WorkloadRecord): Promise<void> {
    if (this.isRestNoted(record)) return;
    await this.#amend((current) => {
      if (current === undefined) return undefined;
      const rested = afterCancellation(current);
      return { record: rested, actions: [this.#reached(rested)] };
    });
  }

  /** Drops the record after its deletion, or begins the creation that waited for it. */
  async forget(): Promise<void> {
    await this.#amend((record) => {
      if (record?.desired !== "deleted" || !record.removed) return undefined;
      const nowMs = this.#context.clock.wallMs();
      const done = this.#context.actionLog.moved(record.actionSeq, "completed", nowMs);
      return { record: nextCreation(record, nowMs), actions: [done] };
    });
  }

  /** Notes that a revision is given up, unless a request came in between. */
  async giveUp(planned: WorkloadRecord, step: Extract<Step, { kind: "giveUp" }>): Promise<void> {
    const { actionLog, clock } = this.#context;
    await this.#amend((record) => {
      if (record?.generation !== planned.generation) return undefined;
      const { message } = step.failure;
      const failed = actionLog.moved(record.actionSeq, "failed", clock.wallMs(), message);
      const actions = step.target === "wanted" ? [failed] : [];
      return { record: afterSuccess(record, step), actions };
    });
  }

  async #amend(decide: Decide): Promise<void> {
    const isStored = await this.#writer.amend(decide);
    this.#failures = isStored ? 0 : this.#failures + 1;
  }

  #withObservation(record: WorkloadRecord, seen: Seen, context: AbsorbContext): WorkloadRecord {
    const { observation } = seen;
    if (observation.kind === "unreadable") return record;
    if (record.observedAtMs > 0 && isSameSubstance(record.observation, observation)) {
      return absorbObservation(record, observation, context);
    }
    const { epoch } = this.#context;
    const [ofEpoch, counter] = record.observedSequence;
    const observedSequence = [epoch, ofEpoch === epoch ? counter + 1 : 1] as const;
    const fresh = { ...record, observation, observedSequence, observedAtMs: seen.atMs };
    return absorbObservation(fresh, observation, context);
  }

  /** The history entry of the request, completed, when the record has reached what that asked for. */
  #reached(record: WorkloadRecord): Action | undefined {
    if (record.desired === "deleted") return undefined;
    const { actionLog, clock } = this.#context;
    const nowMs = clock.wallMs();
    const state = actualState(record, {}, nowMs);
    const isReached = state === "stopped" || (state === "running" && record.desired === "running");
    return isReached ? actionLog.moved(record.actionSeq, "completed", nowMs) : undefined;
  }

  #absorbContext(reachedMs: number): AbsorbContext {
    const { clock, random, policy } = this.#context;
    const { settleAfterMs, backoffBaseMs, backoffMaxMs } = policy;
    const nowMs = Math.max(clock.wallMs(), reachedMs);
    return { nowMs, fraction: random.fraction(), settleAfterMs, backoffBaseMs, backoffMaxMs };
  }
}

/** Takes the intent of a step back that was planned on `planned` and not taken. */
function withdrawn(planned: WorkloadRecord): Decide {
  const { fallback, wanted } = planned;
  return (record) => {
    if (record === undefined || record.uid !== planned.uid) return undefined;
    const without = afterCancellation(record);
    const isSame = record.generation === planned.generation;
    const before = { ...without, wanted, ...(fallback === undefined ? {} : { fallback }) };
    return { record: isSame ? before : without, actions: [] };
  };
}
