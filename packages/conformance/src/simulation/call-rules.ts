import { AgentError, type Observation, type WorkloadId, type WorkloadRecord } from "@persys/core";
import { Looks } from "./looks.ts";
import type { RuntimeModel } from "./runtime-model.ts";
import type { SimulationClock } from "./simulation-clock.ts";
import type { InvariantName } from "./simulation-violation.ts";
import type { RuntimeWatcher, StepCall } from "./watched-runtime.ts";

/** What the rules for calls stand on. */
export interface CallRulesContext {
  readonly clock: SimulationClock;
  readonly model: RuntimeModel;
  readonly violate: (invariant: InvariantName, message: string) => void;
  /** Something was done to a workload: its status has to be looked at. */
  readonly touch: (id: string) => void;
  /** The record as it is on disk. */
  readonly stored: (id: string) => WorkloadRecord | undefined;
  /** Whether the record on disk is damaged, and nobody has asked for its deletion since. */
  readonly isCorrupt: (id: string) => boolean;
  /** Whether anybody has ever asked for such a workload. */
  readonly isKnown: (id: string) => boolean;
}

/** How the last step for a workload ended. */
export interface EndedStep {
  readonly op: string;
  /** The code of its error; undefined when it succeeded, or was called off. */
  readonly code: string | undefined;
  /** The generation that it was taken for; undefined where that is not known. */
  readonly generation: number | undefined;
  /** When, by the monotonic clock. */
  readonly atMs: number;
}

interface StepUnderWay {
  readonly call: StepCall;
  readonly generation: number | undefined;
}

/** So long after the wall clock was set there may be deadlines that were stored before. */
const deadlinesForgottenAfterMs = 60_000;

/** What must hold of every call that an engine makes of a runtime: one at a time, never blindly, never for strangers, never too early. */
export class CallRules implements RuntimeWatcher {
  readonly looks: Looks = new Looks();
  readonly #context: CallRulesContext;
  readonly #underWay = new Map<string, StepUnderWay>();
  /** The last look that had begun when something was heard of a workload. */
  readonly #heard = new Map<string, number>();
  readonly #ended = new Map<string, EndedStep>();
  /** When the wall clock was last set, by the monotonic one. */
  #setAtMs = Number.NEGATIVE_INFINITY;
  readonly #stepsOf = new Map<string, number>();
  #steps = 0;

  constructor(context: CallRulesContext) {
    this.#context = context;
  }

  /** Changing calls so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Changing calls for one workload so far. */
  stepsOf(id: string): number {
    return this.#stepsOf.get(id) ?? 0;
  }

  /** How the last step for the workload ended; undefined before the first and while one is under way. */
  lastStep(id: string): EndedStep | undefined {
    return this.#underWay.has(id) ? undefined : this.#ended.get(id);
  }

  /** The agent has heard that something happened to the workload. */
  noteHeard(id: string): void {
    this.#heard.set(id, this.looks.begun);
  }

  /** Whether the agent has not looked at the workload since it last heard of it. */
  isUnheeded(id: string): boolean {
    const heard = this.#heard.get(id);
    return heard !== undefined && Math.max(this.looks.lastList, this.looks.lastAt(id)) <= heard;
  }

  /** The agent has gone: what it had under way will not return, and the next one has seen nothing. */
  forgetAgent(): void {
    this.#underWay.clear();
    this.#ended.clear();
    this.#heard.clear();
    this.looks.forget();
  }

  /** The wall clock was set: deadlines from before are not judged. */
  noteWallJump(): void {
    this.#setAtMs = this.#context.clock.monotonicMs();
  }

  onStepBegun(call: StepCall): void {
    const { violate, touch, isKnown, isCorrupt } = this.#context;
    const { op, id } = call;
    this.#steps += 1;
    this.#stepsOf.set(id, this.stepsOf(id) + 1);
    touch(id);
    const other = this.#underWay.get(id);
    if (other !== undefined)
      violate("I2", `${op} of ${id} was called while ${other.call.op} was under way`);
    this.#underWay.set(id, { call, generation: generationOf(call, this.#context.stored(id)) });
    if (!this.looks.isReadable(id))
      violate("I4", `${op} of ${id} was called though the last look at it could not be read`);
    if (!isKnown(id)) violate("I5", `${op} of ${id} was called, which nobody has asked for`);
    if (isCorrupt(id)) violate("I4", `${op} of ${id} was called though its record is damaged`);
    this.#checkBackOff(call);
  }

  onStepEnded(call: StepCall, error: unknown): void {
    const { op, id, signal } = call;
    const underWay = this.#underWay.get(id);
    // Of an agent that has gone.
    if (underWay?.call !== call) return;
    this.#underWay.delete(id);
    const code = error === undefined || signal.aborted ? undefined : AgentError.from(error).code;
    const atMs = this.#context.clock.monotonicMs();
    this.#ended.set(id, { op, code, generation: underWay.generation, atMs });
    this.#context.touch(id);
  }

  onLookBegun(): number {
    return this.looks.begin();
  }

  onLooked(id: WorkloadId, look: number, observation: Observation): void {
    this.looks.note(id, look, observation);
    this.#context.touch(id);
  }

  onListed(look: number): void {
    this.looks.noteList(look);
  }

  /** A back-off that is stored is kept, by whichever agent. */
  #checkBackOff({ op, id, target }: StepCall): void {
    if (target === undefined || op === "prepare") return;
    const record = this.#context.stored(id);
    if (record === undefined || record.uid !== target.uid) return;
    const revision = [record.wanted, record.fallback].find(
      (it) => it?.digest === target.specDigest && it.revisionId === target.revisionId,
    );
    if (revision === undefined) return;
    const { notBeforeMs } = revision.trial;
    const { clock } = this.#context;
    const nowMs = clock.wallMs();
    if (clock.monotonicMs() - this.#setAtMs < deadlinesForgottenAfterMs || notBeforeMs <= nowMs)
      return;
    this.#context.violate(
      "I11",
      `${op} of ${id} was called ${notBeforeMs - nowMs} ms before its stored back-off is over`,
    );
  }
}

/**
 * The generation that a step is for: that of the record on disk, unless that asks for something else by now. A request that is stored, and whose
 * answer the agent does not have yet or is in doubt about, has it take a step for what was wanted before; whatever comes of that is nothing
 * that the status of the new generation has to tell.
 */
function generationOf(
  { target }: StepCall,
  record: WorkloadRecord | undefined,
): number | undefined {
  if (record === undefined || target === undefined) return record?.generation;
  const { wanted, fallback, desired, generation } = record;
  const isOf = (revision: WorkloadRecord["fallback"]): boolean =>
    revision?.revisionId === target.revisionId && revision.digest === target.specDigest;
  const isAsked =
    desired !== "deleted" && (isOf(wanted) || (isOf(fallback) && wanted.givenUp !== undefined));
  return isAsked ? generation : undefined;
}
