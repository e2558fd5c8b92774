import { deriveStatus, type LiveView } from "../domain/derive-status.ts";
import type { Failure } from "../domain/failure.ts";
import type { Observation } from "../domain/observation.ts";
import { planNextStep } from "../domain/plan-next-step.ts";
import { mayStartUncommitted } from "../domain/record-transitions.ts";
import type { RuntimeStep, Step, StepKind } from "../domain/step.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import type { WorkloadStatus } from "../domain/workload-status.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { Glance } from "../ports/workload-runtime.ts";
import type { EngineContext } from "./engine-context.ts";
import { FruitlessSteps } from "./fruitless-steps.ts";
import { LaneRecord } from "./lane-record.ts";
import type { RecordChange } from "./record-writer.ts";
import type { RuntimeGate } from "./runtime-gate.ts";
import { isSameSubstance, Sight } from "./sight.ts";
import { StepRun } from "./step-run.ts";

/** One line of what a lane did, for explanations. */
export interface LaneEvent {
  readonly atMs: number;
  readonly step: StepKind;
  readonly cause: string;
  readonly outcome: string;
}

const historyMax = 20;
/** After a fault of the program itself a lane goes on this much later. */
const brokenRetryMs = 30_000;

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
  readonly #record: LaneRecord;
  readonly #sight: Sight;
  readonly #fruitless: FruitlessSteps = new FruitlessSteps();
  readonly #history: LaneEvent[] = [];
  #driving: Promise<void> | undefined;
  #woken = false;
  #closed = false;
  #onWake: (() => void) | undefined;
  #stopTimer: (() => void) | undefined;
  #run: StepRun | undefined;
  #progress: string | undefined;
  #stuck = "";

  constructor(id: WorkloadId, context: EngineContext, record: WorkloadRecord | undefined) {
    this.id = id;
    this.#context = context;
    this.#record = new LaneRecord(id, context, record);
    this.#sight = new Sight(id, context);
  }

  /** The record as committed; undefined before the first commit and after it was forgotten. */
  get record(): WorkloadRecord | undefined {
    return this.#record.committed;
  }

  /** Whether nothing is under way and nothing is left to store. */
  get isIdle(): boolean {
    return this.#driving === undefined && this.#record.isStored;
  }

  /** The steps taken since the agent started, newest first. */
  get history(): readonly LaneEvent[] {
    return this.#history.toReversed();
  }

  /** What the lane waits for besides time; empty when for nothing. */
  get blockedBy(): string {
    if (this.#stuck !== "") return this.#stuck;
    if (!this.#record.isStored) return "the state store, which does not take commits";
    return this.#run === undefined ? "" : `${this.#run.step.kind} under way`;
  }

  /** The status as of now; undefined when there is no record. */
  status(): WorkloadStatus | undefined {
    const { record } = this;
    if (record === undefined) return undefined;
    return deriveStatus(record, this.#live(record), this.#context.clock.wallMs());
  }

  /** What plans are made from now. */
  observation(): Observation {
    const failure = this.#sight.unreadable;
    if (failure !== undefined) return { kind: "unreadable", failure };
    return this.record?.observation ?? { kind: "absent" };
  }

  /** Commits what a request changes, calls off what that supersedes and wakes the lane. @throws what `RecordWriter.change` throws. */
  async request<T extends RecordChange | undefined>(
    decide: (record: WorkloadRecord | undefined) => T,
  ): Promise<T> {
    const change = await this.#record.change(decide);
    if (change === undefined) return change;
    this.#run?.callOffIfSuperseded(this.record);
    this.wake();
    return change;
  }

  /** Something may have changed: look again. */
  markDirty(): void {
    this.#sight.markDirty();
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
    this.#sight.markUnreadable(failure);
  }

  /**
   * Takes a glance from a list that began at `beganMs` (monotonic). One that shows what is known confirms it; any other makes the lane look.
   * Returns whether it shows something new that nothing had hinted at.
   */
  takeGlance(glance: Glance | undefined, beganMs: number): boolean {
    const { record } = this;
    if (record === undefined || this.#closed) return false;
    if (this.#driving !== undefined || beganMs < this.#sight.lookedMs) {
      // Its own look is newer; only what it has taken for unreadable has to be read now.
      if (this.#sight.unreadable !== undefined) this.markDirty();
      return false;
    }
    const { observation } = record;
    const known = observation.kind === "present" ? observation.glance : undefined;
    if (glance !== known || record.observedAtMs === 0) {
      const isMissed = !this.#sight.isDirty && this.#sight.unreadable === undefined;
      this.markDirty();
      return isMissed;
    }
    this.#sight.confirm();
    if (this.#stopTimer === undefined && !this.#isAtRest(record)) this.wake();
    return false;
  }

  /** Ends the lane's work: a prepare is called off, another step may end within `graceMs`. May be repeated. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#onWake?.();
    if (this.#driving === undefined) return;
    if (this.#run?.step.kind === "prepare") this.#run.callOff();
    const stopGrace = this.#context.clock.schedule(graceMs, () => this.#run?.callOff());
    await this.#driving;
    stopGrace();
  }

  #isAtRest(record: WorkloadRecord): boolean {
    if (record.intent !== undefined || !this.#record.isStored) return false;
    return this.#plan(record, record.observation).kind === "settled";
  }

  #plan(record: WorkloadRecord, observation: Observation): Step {
    return planNextStep(record, observation, this.#context.policy, this.#context.clock.wallMs());
  }

  async #drive(): Promise<void> {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    // A turn later, so that the wakes of one turn are one and `#driving` is set.
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
    for (let goesOn = true; goesOn && !this.#closed; ) {
      const type = this.record?.type;
      if (type === undefined) return;
      const gate = this.#context.gate(type);
      if (gate === undefined) return this.markUnreadable(this.#unregistered(type));
      const observation = await this.#look(gate);
      const record = await this.#absorb(observation);
      if (record === undefined || this.#closed) return;
      goesOn = await this.#take(gate, record, this.#plan(record, observation), observation);
    }
  }

  /** Takes one step. Resolves with whether to plan on at once. */
  async #take(
    gate: RuntimeGate,
    record: WorkloadRecord,
    step: Step,
    observation: Observation,
  ): Promise<boolean> {
    if (!this.#record.isStored && !mayStartUncommitted(record, step)) {
      this.#waitMs(this.#record.retryDelayMs);
      return false;
    }
    switch (step.kind) {
      case "settled":
        await this.#record.rest(record);
        return false;
      case "wait":
        this.#wait(step.untilMs, observation);
        return false;
      case "forget":
        await this.#record.forget();
        this.#sight.markDirty();
        this.#note(step, "done");
        return true;
      case "giveUp":
        await this.#record.giveUp(record, step);
        this.#note(step, step.failure.reason);
        this.#context.telemetry.count("workload_failed_total");
        return true;
      default:
        return this.#perform(gate, record, step, observation);
    }
  }

  async #perform(
    gate: RuntimeGate,
    planned: WorkloadRecord,
    step: RuntimeStep,
    before: Observation,
  ): Promise<boolean> {
    const intent = await this.#record.intend(planned, step, before);
    if (intent === "failed") this.#waitMs(this.#record.retryDelayMs);
    if (intent !== "taken") return intent === "stale";
    const run = this.#begin(gate, planned, step);
    try {
      if (step.kind === "prepare") await this.#besidePrepare(run, gate);
    } catch (error) {
      run.callOff();
      throw error;
    }
    const ended = await run.ended;
    this.#run = undefined;
    this.#stuck = "";
    this.#progress = undefined;
    this.#sight.markDirty();
    if (this.#context.signal.aborted) return false;
    const after = await this.#look(gate);
    const unchanged = isSameSubstance(before, after);
    const nowMs = this.#context.clock.wallMs();
    const outcome = this.#fruitless.judge(step, ended, { unchanged, nowMs });
    const seen = { observation: after, atMs: this.#sight.confirmedAtMs };
    await this.#record.absorb(seen, { planned, step, outcome });
    this.#note(step, outcome.kind === "failed" ? outcome.failed.failure.reason : outcome.kind);
    return true;
  }

  #begin(gate: RuntimeGate, planned: WorkloadRecord, step: RuntimeStep): StepRun {
    const run = new StepRun(this.#context, gate, {
      record: planned,
      step,
      onProgress: (sentence) => this.#onProgress(sentence),
      onStuck: (what) => this.#markStuck(what),
    });
    this.#run = run;
    run.callOffIfSuperseded(this.record);
    return run;
  }

  /** While a prepare is under way, what runs is looked after all the same: a heal calls the prepare off, and it goes on afterwards. */
  async #besidePrepare(run: StepRun, gate: RuntimeGate): Promise<void> {
    let isOver = false;
    const ended = run.ended.then(() => {
      isOver = true;
    });
    for (;;) {
      const woken = new Promise<void>((resolve) => (this.#onWake = resolve));
      if (!this.#woken) await Promise.race([ended, woken]);
      this.#onWake = undefined;
      if (isOver || this.#closed) return;
      this.#woken = false;
      const observation = await this.#look(gate);
      const record = await this.#absorb(observation);
      if (record === undefined || isOver) continue;
      const { kind } = this.#plan(record, observation);
      if (kind !== "prepare" && kind !== "wait" && kind !== "settled") run.callOff();
    }
  }

  #look(gate: RuntimeGate): Promise<Observation> {
    const onStuck = (what: string): void => this.#markStuck(what);
    return this.#sight.look(gate, this.observation(), onStuck).finally(() => {
      if (this.#run === undefined) this.#stuck = "";
    });
  }

  #absorb(observation: Observation): Promise<WorkloadRecord | undefined> {
    return this.#record.absorb({ observation, atMs: this.#sight.confirmedAtMs });
  }

  #wait(untilMs: number, observation: Observation): void {
    const { clock, runtimeFailure } = this.#context;
    if (observation.kind !== "unreadable") return this.#waitMs(untilMs - clock.wallMs());
    // A runtime that answers again is listed, and the list wakes every lane.
    if (runtimeFailure(this.record?.type ?? "") === undefined)
      this.#waitMs(this.#sight.retryDelayMs);
  }

  #waitMs(delayMs: number): void {
    this.#stopTimer?.();
    this.#stopTimer = this.#context.clock.schedule(Math.max(0, delayMs), () => {
      this.#stopTimer = undefined;
      this.markDirty();
    });
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

  #unregistered(type: string): Failure {
    const message = `no runtime of type ${type} is registered`;
    const atMs = this.#context.clock.wallMs();
    return { reason: "RUNTIME_NOT_REGISTERED", message, retryable: true, atMs };
  }

  #onBroken(error: unknown): void {
    this.#run = undefined;
    if (this.#closed || this.#context.signal.aborted) return;
    if (AgentError.hasCode(error, "OWNERSHIP_LOST")) return;
    this.#context.logger.error("a lane broke off; it goes on in a while", { id: this.id, error });
    this.#waitMs(brokenRetryMs);
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
    const { unreadable, confirmedAtMs } = this.#sight;
    const task = action && { task_id: action.taskId, task_status: action.status };
    return {
      confirmedAtMs,
      ...(unreadable === undefined ? {} : { unreadable }),
      ...(this.#progress === undefined ? {} : { progress: this.#progress }),
      ...(task === undefined ? {} : { task }),
    };
  }
}
