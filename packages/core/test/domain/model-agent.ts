import { absorbObservation, type AbsorbContext } from "../../src/domain/absorb-observation.ts";
import { clampedTrial } from "../../src/domain/back-off.ts";
import {
  type ApplyWish,
  decideApply,
  decideDelete,
  decideRetry,
  nextCreation,
} from "../../src/domain/decide-apply.ts";
import { actualState } from "../../src/domain/derive-status.ts";
import type { Failure } from "../../src/domain/failure.ts";
import {
  currentInstance,
  isAnyUp,
  isLive,
  keptInstance,
  type Observation,
} from "../../src/domain/observation.ts";
import { planNextStep, type PlanPolicy } from "../../src/domain/plan-next-step.ts";
import {
  afterCancellation,
  afterSuccess,
  withIntent,
} from "../../src/domain/record-transitions.ts";
import type { RuntimeStep, Step } from "../../src/domain/step.ts";
import { type StepOutcome, withOutcome } from "../../src/domain/step-outcome.ts";
import { parseWorkloadId } from "../../src/domain/workload-id.ts";
import { isOf, type Revision, type WorkloadRecord } from "../../src/domain/workload-record.ts";
import { behaviourOf, freshRevision, type ModelRevision } from "./model-revisions.ts";
import { ModelFailure, ModelRuntime } from "./model-runtime.ts";

/** How one turn of the loop goes wrong. */
export type Fault =
  | "none"
  | "crashBefore"
  | "crashMidway"
  | "crashAfter"
  | "failBefore"
  | "failBeforeUnknown"
  | "failMidway"
  | "failAfter"
  | "unreadable";

/** What a user asks for. */
export type Request =
  | {
      readonly kind: "apply";
      readonly revision: ModelRevision;
      readonly desired: "running" | "stopped";
    }
  | { readonly kind: "want"; readonly desired: "running" | "stopped" }
  | { readonly kind: "delete" }
  | { readonly kind: "retry" };

const id = parsedId("model");

/**
 * The engine's loop without an engine: observe, absorb, plan, write the intent, perform, observe, absorb the outcome; on a {@link
 * ModelRuntime} and a clock that only moves when told. Notes what must never happen.
 */
export class ModelAgent {
  readonly runtime: ModelRuntime = new ModelRuntime();
  readonly policy: PlanPolicy;
  record: WorkloadRecord | undefined;
  nowMs = 1_000_000;
  readonly violations: string[] = [];
  /** The steps taken, newest last, for messages. */
  readonly log: string[] = [];
  #uids = 0;
  #observations = 0;
  /** Revisions that were seen to have run to their end while wanted running, until something allows them to run again. */
  readonly #completed = new Set<string>();
  readonly #runsOfGeneration = new Map<string, number>();
  #runsSeen = 0;
  /** The last settled revision of what was down as it was to be stopped, and the generation that brings it up as another one. */
  #atRest: { readonly revisionId: string; readonly generation: number } | undefined;

  constructor(policy: Partial<PlanPolicy> = {}) {
    this.policy = {
      settleAfterMs: 10_000,
      restoreAfterAttempts: 3,
      updatePolicy: "restore",
      ...policy,
    };
  }

  /** Applies a request as the driving port would. */
  request(request: Request): void {
    const before = this.record;
    this.log.push(`${this.nowMs} request ${JSON.stringify(request)}`);
    const stamp = { nowMs: this.nowMs, actionSeq: 1 };
    if (request.kind === "delete") {
      if (before !== undefined) this.record = decideDelete(before, stamp) ?? before;
    } else if (request.kind === "retry") {
      if (before !== undefined) this.record = decideRetry(before, stamp) ?? before;
    } else {
      const decided = decideApply(before, this.#wish(request));
      if (decided.kind === "create" || decided.kind === "change") this.record = decided.record;
    }
    this.#noteRequest(before);
  }

  advance(ms: number): void {
    this.nowMs += ms;
    this.runtime.passTo(this.nowMs);
  }

  /** What the agent does when it is started on a stored record. */
  restart(): void {
    const { record, nowMs } = this;
    if (record === undefined) return;
    const clamped = (revision: Revision): Revision => ({
      ...revision,
      trial: clampedTrial(revision.trial, nowMs),
    });
    this.record = {
      ...record,
      wanted: clamped(record.wanted),
      ...(record.fallback === undefined ? {} : { fallback: clamped(record.fallback) }),
      chore: clampedTrial(record.chore, nowMs),
    };
  }

  /** One turn of the loop; `meanwhile` happens while its step is under way. Returns the step. */
  turn(fault: Fault = "none", meanwhile?: () => void): Step | undefined {
    if (this.record === undefined) return undefined;
    const observation = fault === "unreadable" ? unreadable(this.nowMs) : this.runtime.observe();
    this.#absorb(observation);
    const planned = this.record;
    const step = planNextStep(planned, observation, this.policy, this.nowMs);
    this.log.push(
      `${this.nowMs} ${step.kind}${"target" in step ? `(${step.target})` : ""} [${fault}]: ${step.cause}`,
    );
    this.#judge(planned, step, observation);
    switch (step.kind) {
      case "settled":
        this.record = afterCancellation(planned);
        break;
      case "wait":
        break;
      case "forget":
        if (!this.runtime.isEmpty) this.violations.push("forgotten while something is left");
        this.record = nextCreation(planned, this.nowMs);
        this.#completed.clear();
        break;
      case "giveUp":
        if (fault !== "crashBefore") this.record = afterSuccess(planned, step);
        break;
      default:
        this.#take(planned, step, {
          fault,
          observation,
          ...(meanwhile === undefined ? {} : { meanwhile }),
        });
    }
    return step;
  }

  #take(
    planned: WorkloadRecord,
    step: RuntimeStep,
    how: {
      readonly fault: Fault;
      readonly observation: Observation;
      readonly meanwhile?: () => void;
    },
  ): void {
    const { fault } = how;
    this.record = withIntent(planned, step, how.observation, this.nowMs);
    if (fault === "crashBefore") return;
    const outcome = this.#perform(planned, step, fault);
    const isUntold = fault === "crashMidway" || fault === "crashAfter";
    this.#forgetRest(planned, step, isUntold ? undefined : outcome);
    this.#countRuns();
    how.meanwhile?.();
    if (isUntold || this.record === undefined) return;
    const seen = this.runtime.observe();
    this.record = withOutcome(this.record, planned, { step, outcome }, this.#context());
    this.#absorb(seen);
  }

  #perform(planned: WorkloadRecord, step: RuntimeStep, fault: Fault): StepOutcome {
    if (fault === "failBefore") return this.#failed("none", true);
    if (fault === "failBeforeUnknown") return this.#failed("unknown", true);
    const isCutShort = fault === "crashMidway" || fault === "failMidway";
    try {
      this.#call(planned, step, isCutShort);
    } catch (error) {
      if (!(error instanceof ModelFailure)) throw error;
      return this.#failed("none", error.retryable, error.reason);
    }
    return fault === "failAfter" || fault === "failMidway"
      ? this.#failed("unknown", true)
      : { kind: "done" };
  }

  #call(planned: WorkloadRecord, step: RuntimeStep, isCutShort: boolean): void {
    const { runtime, nowMs } = this;
    const target = (): { uid: string; revisionId: string; digest: string } => {
      const revision =
        "target" in step && step.target === "fallback" ? planned.fallback : planned.wanted;
      if (revision === undefined) throw new Error("a step for a fallback that is not there");
      return { uid: planned.uid, revisionId: revision.revisionId, digest: revision.digest };
    };
    switch (step.kind) {
      case "prepare":
        return runtime.prepare(target());
      case "start":
        return runtime.start(target(), nowMs);
      case "replace":
        return runtime.replace(target(), nowMs, isCutShort);
      case "restore":
        return runtime.restore(nowMs, isCutShort);
      case "retire":
        return runtime.retire(digestsToKeep(planned));
      case "stop":
        return runtime.stop();
      case "remove":
        return runtime.remove(isCutShort);
    }
  }

  #failed(
    effect: "none" | "unknown",
    retryable: boolean,
    reason: Failure["reason"] = "RUNTIME_ERROR",
  ): StepOutcome {
    const failure = { reason, message: `the model says ${reason}`, retryable, atMs: this.nowMs };
    return { kind: "failed", failed: { failure, effect, retryAfterMs: 0 } };
  }

  #absorb(observation: Observation): void {
    const { record } = this;
    if (record === undefined || observation.kind === "unreadable") return;
    if (isAnyUp(observation)) this.#atRest = undefined;
    const isSame = JSON.stringify(record.observation) === JSON.stringify(observation);
    this.#observations += isSame ? 0 : 1;
    const seen: WorkloadRecord =
      isSame && record.observedAtMs > 0
        ? record
        : {
            ...record,
            observation,
            observedSequence: [1, this.#observations],
            observedAtMs: this.nowMs,
          };
    const once = absorbObservation(seen, observation, this.#context());
    if (absorbObservation(once, observation, this.#context()) !== once)
      this.violations.push("absorbing an observation twice is not the same as once");
    this.record = once;
    this.#noteCompletion(once, observation);
  }

  #judge(record: WorkloadRecord, step: Step, observation: Observation): void {
    const { desired, wanted } = record;
    const isReadable = observation.kind !== "unreadable";
    const current = currentInstance(observation);
    const isRunning = isReadable && actualState(record, {}, this.nowMs) === "running";
    const isNotSettled = step.kind === "giveUp" && step.failure.reason === "NOT_SETTLED";
    const starts = ["start", "replace", "restore"].includes(step.kind);
    const forbidden: readonly (readonly [boolean, string])[] = [
      [!isReadable && step.kind !== "wait", `${step.kind} on what cannot be read`],
      [desired !== "running" && starts, `${step.kind} while ${desired} is wanted`],
      [desired !== "deleted" && step.kind === "remove", `remove while ${desired} is wanted`],
      [
        isRunning && current?.revisionId !== wanted.revisionId,
        "running is said of another revision than the wanted one",
      ],
      [
        step.kind === "replace" && step.target === "wanted" && !wanted.prepared,
        "replaced before it was prepared",
      ],
      [isNotSettled && !wanted.prepared, "what was never put in place is said not to settle"],
      [
        this.#endangersFallback(record, step, observation),
        `${step.kind} loses the last settled one`,
      ],
    ];
    this.violations.push(...forbidden.filter(([isSo]) => isSo).map(([, sentence]) => sentence));
  }

  /** Whether a step would remove the instance that may have to be restored. */
  #endangersFallback(record: WorkloadRecord, step: Step, observation: Observation): boolean {
    const { fallback } = record;
    const [current, kept] = [currentInstance(observation), keptInstance(observation)];
    if (fallback === undefined) return false;
    if (step.kind === "retire")
      return kept !== undefined && isOf(kept, record, fallback) && !isLive(kept);
    if (current === undefined || !isOf(current, record, fallback)) return false;
    if (step.kind !== "restore" && step.kind !== "replace") return false;
    return step.target === "wanted" && kept !== undefined;
  }

  #noteCompletion({ desired, wanted, fallback }: WorkloadRecord, observation: Observation): void {
    if (desired !== "running") return;
    for (const revision of [wanted, fallback]) {
      if (revision?.completed === true) this.#completed.add(revision.revisionId);
    }
    if (wanted.settled) {
      for (const revisionId of this.#completed)
        if (revisionId !== wanted.revisionId) this.#completed.delete(revisionId);
    }
    const current = currentInstance(observation);
    if (current === undefined || !isLive(current)) return;
    const isWrong = wanted.completed && current.revisionId === wanted.revisionId;
    if (isWrong && this.runtime.runs.at(-1)?.run === current.run)
      this.violations.push(`${current.revisionId} runs though it has completed`);
  }

  #noteRequest(before: WorkloadRecord | undefined): void {
    const after = this.record;
    if (before === undefined || after === undefined) return;
    if (after.generation < before.generation) this.violations.push("the generation went back");
    if (after.uid !== before.uid) this.#completed.clear();
    if (after.desired !== before.desired && after.desired === "running")
      this.#completed.delete(after.wanted.revisionId);
    const isBroughtUp = before.desired === "stopped" && after.desired === "running";
    const { fallback, generation } = after;
    const isDown = !isAnyUp(before.observation) && !isAnyUp(this.runtime.observe());
    if (isBroughtUp && isDown && fallback !== undefined)
      this.#atRest = { revisionId: fallback.revisionId, generation };
  }

  /** It may run once the other one is given up, or was begun, or somebody has started it. */
  #forgetRest(planned: WorkloadRecord, step: RuntimeStep, told: StepOutcome | undefined): void {
    const isBegun = "target" in step && step.target === "wanted" && step.kind !== "prepare";
    const hasChanged = told?.kind !== "failed" || told.failed.effect !== "none";
    const isOther = planned.generation !== this.#atRest?.generation;
    if (isOther || planned.wanted.givenUp !== undefined || (isBegun && hasChanged))
      this.#atRest = undefined;
  }

  /** Judges the runs that the last step began. */
  #countRuns(): void {
    const { record, runtime } = this;
    for (const { revisionId } of runtime.runs.slice(this.#runsSeen)) {
      if (record === undefined) continue;
      if (this.#completed.has(revisionId)) this.violations.push(`${revisionId} is run again`);
      if (this.#atRest?.revisionId === revisionId)
        this.violations.push(`${revisionId} is run, which was stopped, before another one`);
      const key = `${record.uid}/${record.generation}/${revisionId}`;
      const count = (this.#runsOfGeneration.get(key) ?? 0) + 1;
      this.#runsOfGeneration.set(key, count);
      if (behaviourOf(revisionId).restart.kind === "no" && count > 1)
        this.violations.push(
          `${revisionId} is run ${count} times in generation ${record.generation}`,
        );
    }
    this.#runsSeen = runtime.runs.length;
  }

  #wish(
    request: Exclude<Request, { readonly kind: "delete" } | { readonly kind: "retry" }>,
  ): ApplyWish {
    this.#uids += 1;
    const base = {
      id,
      type: "model",
      uid: `uid-${this.#uids}`,
      desired: request.desired,
      labels: {},
      nowMs: this.nowMs,
      actionSeq: 1,
      revisionConflict: "reject",
    } as const;
    if (request.kind === "want") return { ...base, revision: undefined, revisionId: "" };
    const revision = freshRevision(request.revision, behaviourOf(request.revision).restart);
    return { ...base, revision, revisionId: request.revision };
  }

  #context(): AbsorbContext {
    return {
      nowMs: this.nowMs,
      fraction: 1,
      settleAfterMs: this.policy.settleAfterMs,
      backoffBaseMs: 1_000,
      backoffMaxMs: 300_000,
    };
  }
}

function digestsToKeep({ wanted, fallback }: WorkloadRecord): readonly string[] {
  return fallback === undefined ? [wanted.digest] : [wanted.digest, fallback.digest];
}

function unreadable(nowMs: number): Observation {
  const failure = { reason: "RUNTIME_UNAVAILABLE", message: "no answer", retryable: true } as const;
  return { kind: "unreadable", failure: { ...failure, atMs: nowMs } };
}

function parsedId(text: string): ApplyWish["id"] {
  const parsed = parseWorkloadId(text);
  if (!parsed.ok) throw new Error(`${text} is no workload id`);
  return parsed.value;
}
