import { failureOf } from "../domain/failure.ts";
import type { FailedStep } from "../domain/record-transitions.ts";
import type { RuntimeStep } from "../domain/step.ts";
import type { StepOutcome } from "../domain/step-outcome.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import { AgentError } from "../errors/agent-error.ts";
import type { Progress, TargetName, WorkloadRuntime } from "../ports/workload-runtime.ts";
import type { EngineContext } from "./engine-context.ts";
import { OpenStep } from "./open-step.ts";
import { performStep, revisionOfStep, stepTimeoutMs, targetName } from "./perform-step.ts";
import type { RuntimeGate } from "./runtime-gate.ts";
import type { Sight } from "./sight.ts";

/** A step, the record it was planned on, and who is told while it is under way. */
export interface PlannedStep {
  readonly record: WorkloadRecord;
  readonly step: RuntimeStep;
  readonly onProgress: Progress;
  /** What is seen of the workload: nothing is begun on a look that could not be read. Told of a call that was aborted long ago and has not returned. */
  readonly sight: Pick<Sight, "markStuck" | "unreadable">;
}

/** A runtime step under way, which a newer request or a heal can call off. */
export class StepRun {
  readonly step: RuntimeStep;
  readonly #generation: number;
  readonly #controller: AbortController = new AbortController();
  readonly #context: EngineContext;
  #hasBegun = false;
  /** Resolves, never rejects, when the call has really returned. */
  readonly ended: Promise<StepOutcome>;

  constructor(context: EngineContext, gate: RuntimeGate, planned: PlannedStep) {
    this.step = planned.step;
    this.#context = context;
    this.#generation = planned.record.generation;
    this.ended = this.#run(gate, planned);
  }

  /** Whether the runtime was called: false while the step waits for a place in the budget, or is held against the node's policy. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Calls the step off; its outcome is then `cancelled` unless it succeeds all the same. */
  callOff(): void {
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(
      new AgentError("CANCELLED", "called off: something else has to be done first", {
        retryable: true,
      }),
    );
  }

  /**
   * Calls the step off when the record as committed now has made it pointless: a newer revision ends only a prepare; a stop or a delete
   * ends everything but itself.
   */
  callOffIfSuperseded(record: WorkloadRecord | undefined): void {
    if (record === undefined || record.generation === this.#generation) return;
    const { kind } = this.step;
    const deleted = record.desired === "deleted" && kind !== "remove";
    const stopped = record.desired === "stopped" && kind !== "stop" && kind !== "remove";
    if (deleted || stopped || kind === "prepare") this.callOff();
  }

  async #run(gate: RuntimeGate, planned: PlannedStep): Promise<StepOutcome> {
    const { record, step } = planned;
    const { clock, policy, telemetry } = this.#context;
    const { signal } = this.#controller;
    const beganMs = clock.monotonicMs();
    const what = `${step.kind} of ${record.id}`;
    const outcome = await gate
      .call(
        {
          kind: step.kind === "prepare" ? "prepare" : "step",
          operation: step.kind,
          what,
          timeoutMs: stepTimeoutMs(record, step, policy),
          signal,
          onStuck: () => planned.sight.markStuck(what),
        },
        (runtime, callSignal) => this.#perform(runtime, planned, callSignal),
      )
      .then((): StepOutcome => ({ kind: "done" }))
      .catch(
        (error: unknown): StepOutcome =>
          signal.aborted
            ? { kind: "cancelled" }
            : this.#failed(gate, record, AgentError.from(error)),
      );
    const labels = { step: step.kind, runtime_type: gate.runtime.type, outcome: outcome.kind };
    telemetry.measure("step_duration_seconds", (clock.monotonicMs() - beganMs) / 1_000, labels);
    return outcome;
  }

  async #perform(
    runtime: WorkloadRuntime,
    planned: PlannedStep,
    callSignal: AbortSignal,
  ): Promise<void> {
    const { hostJudge, secrets } = this.#context;
    const open = new OpenStep(runtime, planned, secrets);
    const { spec } = open;
    try {
      // What a step makes something of is judged anew: links and the policy may have changed since it was applied.
      if (hostJudge !== undefined && spec !== undefined)
        await hostJudge.judge(runtime, { spec, ...nameOf(planned) }, callSignal);
      // It may have waited long for its place.
      if (planned.sight.unreadable !== undefined) this.callOff();
      this.#controller.signal.throwIfAborted();
      this.#hasBegun = true;
      await performStep(runtime, planned.record, planned.step, {
        spec,
        signal: callSignal,
        progress: (sentence) => planned.onProgress(open.sentence(sentence)),
      });
    } catch (error) {
      throw callSignal.aborted ? error : open.error(error);
    }
  }

  #failed(gate: RuntimeGate, record: WorkloadRecord, error: AgentError): StepOutcome {
    const { clock, logger, telemetry, onRuntimeSuspect } = this.#context;
    telemetry.count("errors_total", { error_code: error.code });
    if (error.code === "RUNTIME_UNAVAILABLE") onRuntimeSuspect(gate.runtime.type);
    logger.warn("step failed", { id: record.id, step: this.step.kind, code: error.code, error });
    const failed: FailedStep = {
      failure: failureOf(error, clock.wallMs()),
      effect: error.effect,
      retryAfterMs: error.retryAfterMs ?? 0,
    };
    return { kind: "failed", failed };
  }
}

/** The revision that a step makes something of. */
function nameOf({ record, step }: PlannedStep): { readonly of?: TargetName } {
  const revision = revisionOfStep(record, step);
  return revision === undefined ? {} : { of: targetName(record, revision) };
}
