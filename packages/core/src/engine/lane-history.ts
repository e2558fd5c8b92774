import type { Step, StepKind } from "../domain/step.ts";
import type { WorkloadId } from "../domain/workload-id.ts";
import type { EngineContext } from "./engine-context.ts";

/** One line of what a lane did, for explanations. */
export interface LaneEvent {
  readonly atMs: number;
  readonly step: StepKind;
  readonly cause: string;
  readonly outcome: string;
}

const eventsMax = 20;

/** The last steps of a lane since the agent started, and what is counted of them. */
export class LaneHistory {
  readonly #id: WorkloadId;
  readonly #context: EngineContext;
  #events: LaneEvent[] | undefined;

  constructor(id: WorkloadId, context: EngineContext) {
    this.#id = id;
    this.#context = context;
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
    logger.info("step", { id: this.#id, step: step.kind, cause: step.cause, outcome });
  }

  /** Runs one reconciliation, counted and measured. @throws what it throws. */
  async measured(reconcile: () => Promise<void>): Promise<void> {
    const { clock, telemetry } = this.#context;
    const beganMs = clock.monotonicMs();
    await reconcile();
    const seconds = (clock.monotonicMs() - beganMs) / 1_000;
    telemetry.count("workload_reconcile_total");
    telemetry.measure("workload_reconcile_duration_seconds", seconds);
  }
}
