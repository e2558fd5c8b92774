import { absorbObservation, type AbsorbContext } from "../domain/absorb-observation.ts";
import type { Action } from "../domain/action.ts";
import { nextCreation } from "../domain/decide-apply.ts";
import { actualState, deriveStatus, type LiveView } from "../domain/derive-status.ts";
import { type Failure, failureOf } from "../domain/failure.ts";
import type { Observation } from "../domain/observation.ts";
import { planNextStep } from "../domain/plan-next-step.ts";
import { afterCancellation, afterSuccess, mayStartUncommitted, withIntent } from "../domain/record-transitions.ts";
import type { RuntimeStep, Step, StepKind } from "../domain/step.ts";
import { type StepOutcome, withOutcome } from "../domain/step-outcome.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import type { WorkloadStatus } from "../domain/workload-status.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { Glance } from "../ports/workload-runtime.ts";
import type { EngineContext } from "./engine-context.ts";
import { type RecordChange, RecordWriter } from "./record-writer.ts";
import type { RuntimeGate } from "./runtime-gate.ts";
import { StepRun } from "./step-runner.ts";

/** One line of what a lane did, for explanations. */
export interface LaneEvent {
  readonly atMs: number;
  readonly step: StepKind;
  readonly cause: string;
  readonly outcome: string;
}

const historyMax = 20;
const unreadableDelayMs = { first: 1_000, longest: 30_000 };
const commitRetryMs = { first: 100, longest: 10_000 };
/** So often may a step succeed in a row with nothing to see of it before that counts as a failure. */
const fruitlessMax = 3;

/**
 * Works for one workload: observe, plan, write the intent down, perform one step, observe, commit; then again until there is nothing to do.
 * Nothing of it runs while it is at rest: `wake` sets it going.
 *
 *     request -> commit -> wake -+-> look -> absorb -> plan -+-> settled, wait: rest
 *     event, glance, timer ------+                           +-> intent -> step -> look -> outcome -> plan ...
 */
export class Lane {
  readonly id: WorkloadId;
  readonly #context: EngineContext;
  readonly #writer: RecordWriter;
  readonly #history: LaneEvent[] = [];
  #driving: Promise<void> | undefined;
  #woken = false;
  #closed = false;
  /** Whether the kept observation may be out of date. */
  #dirty = true;
  #stopTimer: (() => void) | undefined;
  #run: StepRun | undefined;
  #onWake: (() => void) | undefined;
  #unreadable: Failure | undefined;
  #unreadableStreak = 0;
  #commitStreak = 0;
  #confirmedAtMs = 0;
  /** When the last look began, monotonic: what began before it is older. */
  #lookedMs = Number.NEGATIVE_INFINITY;
  #progress: string | undefined;
  #stuck = "";
  #fruitless = { key: "", count: 0 };

  constructor(id: WorkloadId, context: EngineContext, record: WorkloadRecord | undefined) {
    this.id = id;
    this.#context = context;
    this.#writer = new RecordWriter(context.writer, record, (next, before) => context.onCommitted(id, next, before));
  }

  /** The record as committed; undefined before the first commit and after it was forgotten. */
  get record(): WorkloadRecord | undefined {
    return this.#writer.committed;
  }

  /** Whether nothing is under way and nothing is left to store. */
  get isIdle(): boolean {
    return this.#driving === undefined && this.#writer.isStored;
  }

  /** The steps taken since the agent started, newest first. */
  get history(): readonly LaneEvent[] {
    return this.#history.toReversed();
  }

  /** What the lane waits for besides time; empty when for nothing. */
  get blockedBy(): string {
    if (this.#stuck !== "") return this.#stuck;
    if (!this.#writer.isStored) return "the state store, which does not take commits";
    return this.#run === undefined ? "" : `${this.#run.step.kind} under way`;
  }

  /** The status as of now; undefined when there is no record. */
  status(): WorkloadStatus | undefined {
    const record = this.record;
    return record === undefined ? undefined : deriveStatus(record, this.#live(record), this.#context.clock.wallMs());
  }

  /** What plans are made from now. */
  observation(): Observation {
    if (this.#unreadable !== undefined) return { kind: "unreadable", failure: this.#unreadable };
    return this.record?.observation ?? { kind: "absent" };
  }

  /** Commits what a request changes, calls off what that supersedes and wakes the lane. @throws what `RecordWriter.change` throws. */
  async request<T extends RecordChange | undefined>(decide: (record: WorkloadRecord | undefined) => T): Promise<T> {
    const change = await this.#writer.change(decide);
    if (change === undefined) return change;
    this.#run?.callOffIfSuperseded(this.record);
    this.wake();
    return change;
  }

  /** Something may have changed: look again. */
  markDirty(): void {
    this.#dirty = true;
    this.wake();
  }

  /** Sets the lane going, if it is not. */
  wake(): void {
    if (this.#closed) return;
    this.#woken = true;
    this.#onWake?.();
    this.#driving ??= this.#drive();
  }

  /** Nothing can be said of what exists until it can be read again. */
  markUnreadable(failure: Failure): void {
    const news = this.#unreadable === undefined;
    this.#unreadable = failure;
    this.#dirty = true;
    if (news && this.record !== undefined) this.#context.onStatusChanged(this.id);
  }

  /**
   * Takes a glance from a list that began at `beganMs` (monotonic). One that shows what is known confirms it; any other makes the lane look.
   * Returns whether it shows something new that nothing had hinted at.
   */
  takeGlance(glance: Glance | undefined, beganMs: number): boolean {
    const record = this.record;
    if (record === undefined || this.#closed || this.#driving !== undefined || beganMs < this.#lookedMs) return false;
    const { observation } = record;
    const known = observation.kind === "present" ? observation.glance : undefined;
    const wasUnreadable = this.#unreadable !== undefined;
    if (glance !== known || record.observedAtMs === 0) {
      const missed = !this.#dirty && !wasUnreadable;
      this.markDirty();
      return missed;
    }
    this.#confirm();
    if (wasUnreadable) this.#context.onStatusChanged(this.id);
    if (this.#stopTimer === undefined && !this.#isAtRest(record)) this.wake();
    return false;
  }

  /** Ends the lane's work: a prepare is called off, another step may end within `graceMs`. May be repeated. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#onWake?.();
    if (this.#run?.step.kind === "prepare") this.#run.callOff();
    const stopGrace = this.#context.clock.schedule(graceMs, () => this.#run?.callOff());
    await this.#driving;
    stopGrace();
  }

  #isAtRest(record: WorkloadRecord): boolean {
    if (record.intent !== undefined || !this.#writer.isStored) return false;
    return planNextStep(record, record.observation, this.#context.policy, this.#context.clock.wallMs()).kind === "settled";
  }

  async #drive(): Promise<void> {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    // A turn later, so that several wakes in one turn are one and `#driving` is set.
    await Promise.resolve();
    try {
      while (this.#woken && !this.#closed) {
        this.#woken = false;
        await this.#untilRest();
      }
    } catch (error) {
      this.#onBroken(error);
    } finally {
      this.#driving = undefined;
      if (this.#woken && !this.#closed) this.wake();
    }
  }

  /** Takes steps until the plan says to rest. */
  async #untilRest(): Promise<void> {
    while (!this.#closed) {
      const type = this.record?.type;
      if (type === undefined) return;
      const gate = this.#context.gate(type);
      if (gate === undefined) return this.markUnreadable(this.#unregistered(type));
      const observation = await this.#look(gate);
      const record = await this.#absorb(observation, (it) => it);
      if (record === undefined || this.#closed) return;
      const step = planNextStep(record, observation, this.#context.policy, this.#context.clock.wallMs());
      if (!(await this.#take(gate, record, step, observation))) return;
    }
  }

  /** Takes one step. Resolves with whether to plan on at once. */
  async #take(gate: RuntimeGate, record: WorkloadRecord, step: Step, observation: Observation): Promise<boolean> {
    const isStored = this.#writer.isStored;
    if (!isStored && !mayStartUncommitted(record, step)) {
      this.#wait(this.#context.clock.wallMs() + this.#commitDelayMs());
      return false;
    }
    switch (step.kind) {
      case "settled":
        return await this.#rest(record);
      case "wait":
        this.#wait(observation.kind === "unreadable" ? this.#context.clock.wallMs() + this.#lookDelayMs() : step.untilMs);
        return false;
      case "forget":
        return await this.#forget();
      case "giveUp":
        return await this.#giveUp(record, step);
      default:
        return await this.#perform(gate, record, step, observation);
    }
  }

  /** The observation to plan from: the kept one, or a fresh one when that may be out of date. */
  async #look(gate: RuntimeGate): Promise<Observation> {
    const unreadable = this.#context.runtimeFailure(gate.runtime.type);
    if (unreadable !== undefined) {
      this.markUnreadable(unreadable);
      return { kind: "unreadable", failure: unreadable };
    }
    if (!this.#dirty && this.#unreadable === undefined) return this.observation();
    this.#dirty = false;
    this.#lookedMs = this.#context.clock.monotonicMs();
    const observation = await this.#observe(gate);
    if (observation.kind === "unreadable") {
      this.#unreadableStreak += 1;
      this.markUnreadable(observation.failure);
    } else {
      const wasUnreadable = this.#unreadable !== undefined;
      this.#confirm();
      if (wasUnreadable) this.#context.onStatusChanged(this.id);
    }
    return observation;
  }

  async #observe(gate: RuntimeGate): Promise<Observation> {
    const { policy, clock, signal } = this.#context;
    const what = `observing ${this.id}`;
    const call = { kind: "observe", what, timeoutMs: policy.observeTimeoutMs, signal, onStuck: () => this.#markStuck(what) } as const;
    try {
      return await gate.call(call, (runtime, callSignal) => runtime.observe(this.id, callSignal));
    } catch (error) {
      signal.throwIfAborted();
      return { kind: "unreadable", failure: failureOf(AgentError.from(error), clock.wallMs()) };
    } finally {
      this.#stuck = "";
    }
  }

  /** Stores what an outcome and an observation change. Resolves with the record to plan from. */
  async #absorb(observation: Observation, outcome: (record: WorkloadRecord) => WorkloadRecord): Promise<WorkloadRecord | undefined> {
    const seenAtMs = this.#confirmedAtMs;
    const context = this.#absorbContext();
    await this.#amend((record) => {
      if (record === undefined) return undefined;
      const absorbed = this.#withObservation(outcome(record), observation, { ...context, seenAtMs });
      return absorbed === record ? undefined : { record: absorbed, actions: [this.#reached(absorbed)] };
    });
    return this.#writer.provisional;
  }

  #withObservation(record: WorkloadRecord, observation: Observation, context: AbsorbContext & { readonly seenAtMs: number }): WorkloadRecord {
    if (observation.kind === "unreadable") return record;
    const isNews = record.observedAtMs === 0 || !sameSubstance(record.observation, observation);
    const [epoch, counter] = record.observedSequence;
    const observedSequence = epoch === this.#context.epoch ? ([epoch, counter + 1] as const) : ([this.#context.epoch, 1] as const);
    const seen = isNews ? { ...record, observation, observedSequence, observedAtMs: context.seenAtMs } : record;
    return absorbObservation(seen, observation, context);
  }

  async #rest(record: WorkloadRecord): Promise<boolean> {
    if (record.intent === undefined && this.#reached(record) === undefined) return false;
    await this.#amend((current) => (current === undefined ? undefined : { record: afterCancellation(current), actions: [this.#reached(current)] }));
    return false;
  }

  #wait(untilMs: number): void {
    const delayMs = Math.max(0, untilMs - this.#context.clock.wallMs());
    this.#stopTimer?.();
    this.#stopTimer = this.#context.clock.schedule(delayMs, () => {
      this.#stopTimer = undefined;
      this.markDirty();
    });
  }

  async #forget(): Promise<boolean> {
    await this.#amend((record) => {
      if (record?.desired !== "deleted" || !record.removed) return undefined;
      const nowMs = this.#context.clock.wallMs();
      const done = this.#context.actionLog.moved(record.actionSeq, "completed", nowMs);
      return { record: nextCreation(record, nowMs), actions: [done] };
    });
    this.#note({ kind: "forget", cause: "nothing of it exists any more" }, "done");
    this.#dirty = true;
    return true;
  }

  async #giveUp(planned: WorkloadRecord, step: Extract<Step, { kind: "giveUp" }>): Promise<boolean> {
    await this.#amend((record) => {
      if (record === undefined || record.generation !== planned.generation) return undefined;
      const failed = this.#context.actionLog.moved(record.actionSeq, "failed", this.#context.clock.wallMs(), step.failure.message);
      return { record: afterSuccess(record, step), actions: [step.target === "wanted" ? failed : undefined] };
    });
    this.#note(step, step.failure.reason);
    this.#context.telemetry.count("workload_failed_total");
    return true;
  }

  async #perform(gate: RuntimeGate, planned: WorkloadRecord, step: RuntimeStep, observation: Observation): Promise<boolean> {
    if (!(await this.#intend(planned, step, observation))) return !this.#closed;
    const run = new StepRun(this.#context, gate, planned, step, {
      onProgress: (sentence) => this.#onProgress(sentence),
      onStuck: (what) => this.#markStuck(what),
    });
    this.#run = run;
    run.callOffIfSuperseded(this.record);
    if (step.kind === "prepare") await this.#besidePrepare(run, gate);
    const outcome = await run.ended;
    this.#run = undefined;
    this.#stuck = "";
    this.#progress = undefined;
    this.#dirty = true;
    if (this.#context.signal.aborted) return false;
    const seen = await this.#look(gate);
    const ended = { step, outcome: this.#unlessFruitless(step, outcome, sameSubstance(observation, seen)) };
    const context = this.#absorbContext();
    await this.#absorb(seen, (record) => withOutcome(record, planned, ended, context));
    this.#note(step, ended.outcome.kind === "failed" ? ended.outcome.failed.failure.reason : ended.outcome.kind);
    return true;
  }

  /** Writes the intent down. False: the record has moved on, or the store fails and this step must not be taken without it. */
  async #intend(planned: WorkloadRecord, step: RuntimeStep, observation: Observation): Promise<boolean> {
    const nowMs = this.#context.clock.wallMs();
    const decide = (record: WorkloadRecord | undefined): RecordChange | undefined => {
      if (record === undefined || record.generation !== planned.generation || record.uid !== planned.uid) return undefined;
      const running = this.#context.actionLog.moved(record.actionSeq, "running", nowMs);
      return { record: withIntent(record, step, observation, nowMs), actions: [running] };
    };
    try {
      if (this.#writer.isStored) return (await this.#writer.change(decide)) !== undefined;
    } catch (error) {
      if (!AgentError.is(error) || error.code === "OWNERSHIP_LOST") throw error;
      this.#commitStreak += 1;
      if (!mayStartUncommitted(planned, step)) {
        this.#wait(nowMs + this.#commitDelayMs());
        this.#woken = false;
        return false;
      }
    }
    this.#context.logger.warn("starting without a stored intent: the store fails, healing goes on", { id: this.id });
    this.#writer.keep(decide);
    return true;
  }

  /** While a prepare is under way, what runs is looked after all the same: a heal calls the prepare off, and it goes on afterwards. */
  async #besidePrepare(run: StepRun, gate: RuntimeGate): Promise<void> {
    let isOver = false;
    const ended = run.ended.then(() => {
      isOver = true;
    });
    for (;;) {
      if (!this.#woken) await Promise.race([ended, new Promise<void>((resolve) => (this.#onWake = resolve))]);
      this.#onWake = undefined;
      if (isOver || this.#closed) return;
      this.#woken = false;
      const observation = await this.#look(gate);
      const record = await this.#absorb(observation, (it) => it);
      if (record === undefined || isOver) continue;
      const next = planNextStep(record, observation, this.#context.policy, this.#context.clock.wallMs());
      if (next.kind !== "prepare" && next.kind !== "wait" && next.kind !== "settled") run.callOff();
    }
  }

  /** A runtime that says again and again that a step succeeded while nothing changes must not be asked in a tight loop. */
  #unlessFruitless(step: RuntimeStep, outcome: StepOutcome, unchanged: boolean): StepOutcome {
    const key = "target" in step ? `${step.kind}:${step.target}` : step.kind;
    const again = outcome.kind === "done" && unchanged && step.kind !== "prepare" && key === this.#fruitless.key;
    this.#fruitless = { key, count: again ? this.#fruitless.count + 1 : 1 };
    if (this.#fruitless.count < fruitlessMax) return outcome;
    const message = `${step.kind} was said to have succeeded ${this.#fruitless.count} times, but nothing changed`;
    const failure: Failure = { reason: "RUNTIME_ERROR", message, retryable: true, atMs: this.#context.clock.wallMs() };
    return { kind: "failed", failed: { failure, effect: "unknown", retryAfterMs: 0 } };
  }

  async #amend(decide: (record: WorkloadRecord | undefined) => RecordChange | undefined): Promise<void> {
    const isStored = await this.#writer.amend(decide);
    this.#commitStreak = isStored ? 0 : this.#commitStreak + 1;
  }

  /** The history entry of the request, completed, when the record has reached what that asked for. */
  #reached(record: WorkloadRecord): Action | undefined {
    const { actionLog, clock } = this.#context;
    if (record.desired === "deleted") return undefined;
    const nowMs = clock.wallMs();
    const state = actualState(record, {}, nowMs);
    const isReached = state === "stopped" || (record.desired === "running" && state === "running");
    return isReached ? actionLog.moved(record.actionSeq, "completed", nowMs) : undefined;
  }

  #onProgress(sentence: string): void {
    if (this.#progress === sentence) return;
    this.#progress = sentence;
    this.#context.onStatusChanged(this.id);
  }

  #markStuck(what: string): void {
    this.#stuck = `${what}: called off, and has not returned`;
    this.#context.logger.error("a runtime call does not return", { id: this.id, what });
  }

  #confirm(): void {
    this.#unreadable = undefined;
    this.#unreadableStreak = 0;
    this.#dirty = false;
    this.#confirmedAtMs = this.#context.clock.wallMs();
  }

  #lookDelayMs(): number {
    return doubled(unreadableDelayMs, this.#unreadableStreak);
  }

  #commitDelayMs(): number {
    return doubled(commitRetryMs, this.#commitStreak);
  }

  #unregistered(type: string): Failure {
    return { reason: "RUNTIME_NOT_REGISTERED", message: `no runtime of type ${type} is registered`, retryable: true, atMs: this.#context.clock.wallMs() };
  }

  #onBroken(error: unknown): void {
    if (this.#closed || this.#context.signal.aborted || AgentError.hasCode(error, "OWNERSHIP_LOST")) return;
    this.#context.logger.error("a lane broke off; it goes on in a while", { id: this.id, error });
    this.#run = undefined;
    this.#wait(this.#context.clock.wallMs() + unreadableDelayMs.longest);
  }

  #note(step: Step, outcome: string): void {
    const { clock, logger, telemetry } = this.#context;
    this.#history.push({ atMs: clock.wallMs(), step: step.kind, cause: step.cause, outcome });
    if (this.#history.length > historyMax) this.#history.shift();
    telemetry.count("steps_total", { step: step.kind, outcome });
    logger.info("step", { id: this.id, step: step.kind, cause: step.cause, outcome });
  }

  #live(record: WorkloadRecord): LiveView {
    const action = this.#context.actionLog.get(record.actionSeq);
    return {
      ...(this.#unreadable === undefined ? {} : { unreadable: this.#unreadable }),
      confirmedAtMs: this.#confirmedAtMs,
      ...(this.#progress === undefined ? {} : { progress: this.#progress }),
      ...(action === undefined ? {} : { task: { task_id: action.taskId, task_status: action.status } }),
    };
  }

  #absorbContext(): AbsorbContext {
    const { clock, random, policy } = this.#context;
    const { settleAfterMs, backoffBaseMs, backoffMaxMs } = policy;
    return { nowMs: clock.wallMs(), fraction: random.fraction(), settleAfterMs, backoffBaseMs, backoffMaxMs };
  }
}

function sameSubstance(a: Observation, b: Observation): boolean {
  if (a.kind === "present" && b.kind === "present") return a.glance === b.glance;
  return a.kind === b.kind;
}

function doubled(range: { readonly first: number; readonly longest: number }, times: number): number {
  return Math.min(range.first * 2 ** Math.min(times, 20), range.longest);
}
