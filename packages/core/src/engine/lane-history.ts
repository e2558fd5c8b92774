import type { RuntimeStep, Step, StepKind } from "../domain/step.ts";
import type { StepOutcome } from "../domain/step-outcome.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import { DriftWatch, type HintSource } from "./drift-watch.ts";
import type { EngineContext } from "./engine-context.ts";
import { LaneTrace } from "./lane-trace.ts";

/** One line of what a lane did, for explanations. */
export interface LaneEvent {
  readonly atMs: number;
  readonly step: StepKind;
  readonly cause: string;
  readonly outcome: string;
}

const eventsMax = 20;

/** The last steps of a lane since the agent started, and what is counted and traced of them. */
export class LaneHistory {
  readonly #id: WorkloadId;
  readonly #context: EngineContext;
  readonly #trace: LaneTrace;
  readonly #drift: DriftWatch;
  #events: LaneEvent[] | undefined;

  /** `record`: as it was recovered; undefined for a new lane. */
  constructor(id: WorkloadId, context: EngineContext, record: WorkloadRecord | undefined) {
    this.#id = id;
    this.#context = context;
    this.#trace = new LaneTrace(context, record);
    this.#drift = new DriftWatch(context);
  }

  /** Newest first. */
  get events(): readonly LaneEvent[] {
    return (this.#events ?? []).toReversed();
  }

  /** Adds a step that was taken, and tells the log and the counters. */
  note(step: Step, outcome: string): void {
    const { clock, logger, telemetry } = this.#context;
    this.#events ??= [];
    this.#events.push({ atMs: clock.wallMs(), step: step.kind, cause: step.cause, outcome });
    if (this.#events.length > eventsMax) this.#events.shift();
    telemetry.count("steps_total", { step: step.kind, outcome });
    if (step.kind === "giveUp") telemetry.count("workload_failed_total");
    if (outcome === "done") this.#drift.succeeded();
    this.#trace.ended(step, outcome);
    logger.info("step", { id: this.#id, step: step.kind, cause: step.cause, outcome });
  }

  /** Adds a step that has ended. */
  ended(step: RuntimeStep, outcome: StepOutcome, { type }: WorkloadRecord): void {
    if (step.kind === "retire" && outcome.kind === "done")
      this.#context.telemetry.count("garbage_collection_resources_deleted_total", {
        resource_type: type,
      });
    this.note(step, outcome.kind === "failed" ? outcome.failed.failure.reason : outcome.kind);
  }

  /** Something may have changed while nothing was under way. */
  hinted(source: HintSource): void {
    this.#drift.hinted(source);
  }

  /** Runs one reconciliation of the record, counted, measured and traced. @throws what it throws. */
  async measured(
    record: WorkloadRecord | undefined,
    reconcile: () => Promise<void>,
  ): Promise<void> {
    const { clock, telemetry } = this.#context;
    const beganMs = clock.monotonicMs();
    await this.#trace.reconcile(record, reconcile);
    const seconds = (clock.monotonicMs() - beganMs) / 1_000;
    telemetry.count("workload_reconcile_total");
    telemetry.measure("workload_reconcile_duration_seconds", seconds);
  }

  /** Runs one step that was planned on `record`. Returns what it returns. */
  stepped<T>(record: WorkloadRecord, step: RuntimeStep, perform: () => T): T {
    if (this.#trace.isAsked(record)) this.#drift.forget();
    else this.#drift.stepped(record.type);
    return this.#trace.step(record, step, perform);
  }

  /** There is nothing to do any more. */
  settled({ type }: WorkloadRecord): void {
    this.#drift.settled(type);
  }
}
