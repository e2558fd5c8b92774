import { deriveStatus } from "../domain/derive-status.ts";
import { type Failure, failureOf } from "../domain/failure.ts";
import type { Observation } from "../domain/observation.ts";
import { planNextStep } from "../domain/plan-next-step.ts";
import { mayStartUncommitted } from "../domain/record-transitions.ts";
import type { RuntimeStep, Step } from "../domain/step.ts";
import type { StepOutcome } from "../domain/step-outcome.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import type { WorkloadStatus } from "../domain/workload-status.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { Glance } from "../ports/workload-runtime.ts";
import type { HintSource } from "./drift-watch.ts";
import type { EngineContext } from "./engine-context.ts";
import { FruitlessSteps } from "./fruitless-steps.ts";
import { type LaneEvent, LaneHistory } from "./lane-history.ts";
import { LaneProgress } from "./lane-progress.ts";
import { LaneRecord } from "./lane-record.ts";
import { LaneTimer } from "./lane-timer.ts";
import { LaneWaits } from "./lane-waits.ts";
import { liveView } from "./live-view.ts";
import type { RecordChange } from "./record-writer.ts";
import type { RuntimeGate } from "./runtime-gate.ts";
import { isSameSubstance, Sight } from "./sight.ts";
import { StepRun } from "./step-run.ts";

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
  readonly #history: LaneHistory;
  readonly #timer: LaneTimer;
  readonly #waits: LaneWaits;
  readonly #progress: LaneProgress;
  #driving: Promise<void> | undefined;
  #woken = false;
  #closed = false;
  #onWake: (() => void) | undefined;
  #run: StepRun | undefined;

  constructor(id: WorkloadId, context: EngineContext, record: WorkloadRecord | undefined) {
    this.id = id;
    this.#context = context;
    this.#record = new LaneRecord(id, context, record);
    this.#sight = new Sight(id, context);
    this.#history = new LaneHistory(id, context, record);
    this.#progress = new LaneProgress(context.clock, () => context.onStatusChanged(id));
    this.#timer = new LaneTimer(context.clock, () => this.markDirty("timer"));
    this.#waits = new LaneWaits(context, this.#timer, { record: this.#record, sight: this.#sight });
  }

  /** The record as committed; undefined before the first commit and after it was forgotten. */
  get record(): WorkloadRecord | undefined {
    return this.#record.committed;
  }

  /** Whether the lane holds nothing: no record, nothing under way, nothing left to store. */
  get isEmpty(): boolean {
    const { isStored, isIdle } = this.#record;
    return this.record === undefined && this.#driving === undefined && isStored && isIdle;
  }

  /** The steps taken since the agent started, newest first. */
  get history(): readonly LaneEvent[] {
    return this.#history.events;
  }

  /** What the lane waits for besides time; empty when for nothing. */
  get blockedBy(): string {
    if (this.#sight.stuck !== "") return this.#sight.stuck;
    if (!this.#record.isStored) return "the state store, which does not take commits";
    return this.#run === undefined ? "" : `${this.#run.step.kind} under way`;
  }

  /** The status as of now; undefined when there is no record. */
  status(): WorkloadStatus | undefined {
    const { record } = this;
    if (record === undefined) return undefined;
    const { actionLog, clock } = this.#context;
    const live = liveView({
      sight: this.#sight,
      progress: this.#progress,
      action: actionLog.get(record.actionSeq),
      usage: this.#context.usageOf(record),
    });
    return deriveStatus(record, live, clock.wallMs());
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
    let change: T | undefined;
    try {
      change = await this.#record.change(decide);
      return change;
    } finally {
      // An earlier request, of which that was not known, may have taken effect, too; or this one may yet.
      this.#run?.callOffIfSuperseded(this.record);
      if (change !== undefined || !this.#record.isStored) this.wake();
      else if (this.record === undefined) this.#context.onLaneEmpty(this.id);
    }
  }

  /** Something may have changed: look again. */
  markDirty(source: HintSource): void {
    if (this.#driving === undefined) this.#history.hinted(source);
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
    if (beganMs < this.#sight.lookedMs) {
      // Its own look is newer; only what it has taken for unreadable has to be read now.
      if (this.#sight.unreadable !== undefined) this.markDirty("list");
      return false;
    }
    const { observation } = record;
    const known = observation.kind === "present" ? observation.glance : undefined;
    if (this.#driving !== undefined) {
      // It changes things itself; but what ends beside a long prepare has to be seen.
      if (glance !== known || this.#sight.unreadable !== undefined) this.markDirty("list");
      return false;
    }
    if (glance !== known || record.observedAtMs === 0) {
      const isMissed = !this.#sight.isDirty && this.#sight.unreadable === undefined;
      this.markDirty("list");
      return isMissed;
    }
    const isHinted = this.#sight.isHintedSince(beganMs);
    this.#sight.confirm(beganMs);
    // What is known was there when the list was read; what the hint is about may have come after that.
    if (isHinted) this.markDirty("list");
    if (!this.#timer.isSet && !this.#isAtRest(record)) this.wake();
    return false;
  }

  /**
   * Ends the lane's work: a prepare, or a step that waits for its turn, is called off, another step may end within `graceMs`, and nothing is
   * begun any more. Resolves once nothing is under way. May be repeated.
   */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#timer.close();
    this.#onWake?.();
    if (this.#driving === undefined) return;
    const run = this.#run;
    if (graceMs === 0 || run?.hasBegun === false || run?.step.kind === "prepare") run?.callOff();
    const stopGrace = this.#context.clock.schedule(graceMs, () => this.#run?.callOff());
    await this.#driving;
    stopGrace();
  }

  #isAtRest(record: WorkloadRecord): boolean {
    if (!this.#record.isRestNoted(record)) return false;
    return this.#plan(record, record.observation).kind === "settled";
  }

  /** The next step. What was waited for until `reachedMs` has come, though the wall clock may have been set back meanwhile. */
  #plan(record: WorkloadRecord, observation: Observation, reachedMs?: number): Step {
    const { policy, clock } = this.#context;
    const step = planNextStep(record, observation, policy, clock.wallMs());
    return step.kind === "wait" && step.untilMs === reachedMs
      ? planNextStep(record, observation, policy, reachedMs)
      : step;
  }

  async #drive(): Promise<void> {
    this.#timer.clear();
    // A turn later, so that the wakes of one turn are one and `#driving` is set.
    await Promise.resolve();
    try {
      while (this.#woken && !this.#closed) {
        this.#woken = false;
        await this.#history.measured(this.record, () => this.#untilRest());
      }
      if (!this.#record.isStored && !this.#timer.isSet) this.#timer.set(this.#record.retryDelayMs);
    } catch (error) {
      this.#onBroken(error);
    } finally {
      this.#driving = undefined;
      if (this.#woken && !this.#closed) this.wake();
      else if (this.record === undefined) this.#context.onLaneEmpty(this.id);
    }
  }

  /** Takes steps until the plan says to rest. */
  async #untilRest(): Promise<void> {
    for (let goesOn = true; goesOn && !this.#closed; ) {
      const type = this.record?.type;
      if (type === undefined) return this.#settle();
      const gate = this.#context.gate(type);
      if (gate === undefined) return this.#sight.markUnregistered(type);
      const reachedMs = this.#timer.takeReachedMs();
      const observation = await this.#look(gate);
      const record = await this.#absorb(observation, reachedMs);
      if (record === undefined || this.#closed) return;
      const step = this.#plan(record, observation, reachedMs);
      goesOn = await this.#take(gate, record, step, observation);
    }
  }

  /** Without a record all that can be left to do is to find out whether one was stored. */
  async #settle(): Promise<void> {
    await this.#record.settle();
    if (this.#record.isStored && this.record !== undefined) this.#woken = true;
  }

  /** Takes one step. Resolves with whether to plan on at once. */
  async #take(
    gate: RuntimeGate,
    record: WorkloadRecord,
    step: Step,
    observation: Observation,
  ): Promise<boolean> {
    if (!this.#record.isStored && !mayStartUncommitted(record, step)) {
      this.#waits.forStore(step, observation);
      return false;
    }
    switch (step.kind) {
      case "settled":
        this.#history.settled(record);
        await this.#record.rest(record);
        return false;
      case "wait":
        this.#waits.until(step.untilMs, observation);
        return false;
      case "forget":
        await this.#record.forget();
        this.#sight.markDirty();
        this.#history.note(step, "done");
        return true;
      case "giveUp":
        await this.#record.giveUp(record, step);
        this.#history.note(step, step.failure.reason);
        return true;
      default:
        return this.#history.stepped(record, step, () =>
          this.#perform(gate, record, step, observation),
        );
    }
  }

  async #perform(
    gate: RuntimeGate,
    planned: WorkloadRecord,
    step: RuntimeStep,
    before: Observation,
  ): Promise<boolean> {
    const intent = await this.#record.intend(planned, step, before);
    if (intent === "failed") this.#timer.set(this.#record.retryDelayMs);
    if (intent !== "taken") return intent === "stale";
    if (this.#closed || this.#sight.unreadable !== undefined) {
      await this.#record.withdraw(planned);
      return true;
    }
    const run = this.#begin(gate, planned, step);
    const isAlone = before.kind === "absent" && planned.fallback === undefined;
    const ended = await this.#untilEnded(run, gate, isAlone);
    this.#sight.markDirty();
    if (ended.kind === "cancelled" && !run.hasBegun) {
      await this.#record.withdraw(planned);
      return true;
    }
    if (this.#context.signal.aborted) return false;
    const after = await this.#look(gate);
    const unchanged = isSameSubstance(before, after);
    const nowMs = this.#context.clock.wallMs();
    const outcome = this.#fruitless.judge(step, ended, { unchanged, nowMs });
    const seen = { observation: after, atMs: this.#sight.confirmedAtMs, reachedMs: 0 };
    await this.#record.absorb(seen, { planned, step, outcome });
    this.#history.ended(step, outcome, planned);
    return true;
  }

  /** Waits until the step has really ended. */
  async #untilEnded(run: StepRun, gate: RuntimeGate, isAlone: boolean): Promise<StepOutcome> {
    try {
      if (run.step.kind === "prepare") await this.#besidePrepare(run, gate, isAlone);
    } catch (error) {
      run.callOff();
      throw error;
    } finally {
      await run.ended;
      this.#run = undefined;
      this.#progress.end();
      this.#sight.markFreed();
    }
    return run.ended;
  }

  #begin(gate: RuntimeGate, planned: WorkloadRecord, step: RuntimeStep): StepRun {
    this.#progress.begin();
    const run = new StepRun(this.#context, gate, {
      record: planned,
      step,
      onProgress: (sentence) => this.#progress.say(sentence),
      sight: this.#sight,
    });
    this.#run = run;
    run.callOffIfSuperseded(this.record);
    return run;
  }

  /** Beside a prepare what runs is looked after, where anything does (`isAlone`: nothing): a heal calls it off, and it goes on afterwards. */
  async #besidePrepare(run: StepRun, gate: RuntimeGate, isAlone: boolean): Promise<void> {
    let isOver = false;
    void run.ended.then(() => {
      isOver = true;
      this.#onWake?.();
    });
    for (;;) {
      if (!this.#woken && !isOver) await new Promise<void>((resolve) => (this.#onWake = resolve));
      this.#onWake = undefined;
      if (isOver || this.#closed) return;
      this.#woken = false;
      const { isStored } = this.#record;
      if (isAlone && isStored && this.#sight.unreadable === undefined) continue;
      const observation = await this.#look(gate);
      const record = await this.#absorb(observation);
      // A request that nobody could say was stored may turn out to have been.
      run.callOffIfSuperseded(this.record);
      if (!this.#record.isStored) this.#timer.set(this.#record.retryDelayMs);
      if (record === undefined || isOver) continue;
      const { kind } = this.#plan(record, observation);
      if (kind !== "prepare" && kind !== "wait" && kind !== "settled") run.callOff();
    }
  }

  #look(gate: RuntimeGate): Promise<Observation> {
    return this.#sight.look(gate, this.#record.observation).finally(() => {
      if (this.#run === undefined) this.#sight.markFreed();
    });
  }

  #absorb(observation: Observation, reachedMs = 0): Promise<WorkloadRecord | undefined> {
    return this.#record.absorb({ observation, atMs: this.#sight.confirmedAtMs, reachedMs });
  }

  #onBroken(error: unknown): void {
    if (this.#closed || this.#context.signal.aborted) return;
    if (AgentError.hasCode(error, "OWNERSHIP_LOST")) return;
    this.#context.logger.error("a lane broke off; it goes on in a while", { id: this.id, error });
    this.markUnreadable(failureOf(AgentError.from(error), this.#context.clock.wallMs()));
    this.#timer.set(brokenRetryMs);
  }
}
