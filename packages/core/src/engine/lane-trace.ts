import type { RuntimeStep, Step } from "../domain/step.ts";
import type { WorkloadRecord } from "../domain/workload-record.ts";
import type { Span, SpanPlace } from "../ports/telemetry.ts";
import type { EngineContext } from "./engine-context.ts";

/**
 * What traces show of a lane. What a request asked for goes on in the trace of that request until it is reached, also after a restart of the
 * agent in between: the context is stored with the record. What nobody asked for, such as a heal, begins a trace with its first step, linked
 * to the request that the workload goes back to; looks that find nothing to do are not traced.
 */
export class LaneTrace {
  readonly #context: EngineContext;
  /** The step that another process of the agent had under way when it ended. Told once. */
  #resumed: string | undefined;
  /** The request in whose trace the reconciliation under way is. */
  #traceparent: string | undefined;
  #step: Span | undefined;

  /** `record`: as it was recovered; undefined for a new lane. */
  constructor(context: EngineContext, record: WorkloadRecord | undefined) {
    this.#context = context;
    this.#resumed = record?.intent?.step;
  }

  /** Runs one reconciliation. Returns what it returns. */
  reconcile<T>(record: WorkloadRecord | undefined, work: () => T): T {
    this.#traceparent = undefined;
    if (record === undefined || !this.isAsked(record))
      return this.#span("persys.reconcile", { kind: "outside" }, {}, work);
    this.#traceparent = record.traceparent;
    const resumed = this.#resumed;
    this.#resumed = undefined;
    const attributes = {
      ...attributesOf(record),
      ...(resumed === undefined ? {} : { "persys.resumed.step": resumed }),
    };
    return this.#span("persys.reconcile", placeOf(record.traceparent), attributes, work);
  }

  /** Runs one step of a reconciliation: intent, runtime call, look and outcome. Returns what it returns. */
  step<T>(record: WorkloadRecord, step: RuntimeStep, work: () => T): T {
    const place = this.#placeOfStep(record);
    const attributes = {
      ...(place.kind === "inside" ? {} : attributesOf(record)),
      "persys.step.kind": step.kind,
      "persys.step.cause": step.cause,
    };
    return this.#span("persys.step", place, attributes, (span) => {
      this.#step = span;
      return work();
    });
  }

  /** Shows how the step under way ended. */
  ended(step: Step, outcome: string): void {
    this.#step?.note({ "persys.step.outcome": outcome });
    if (outcome !== "done" && outcome !== "cancelled" && step.kind !== "giveUp")
      this.#step?.fail(outcome);
    this.#step = undefined;
  }

  /** Whether the work for the last request that changed something is not over. */
  isAsked(record: WorkloadRecord): boolean {
    return this.#context.actionLog.get(record.actionSeq)?.endedAtMs === 0;
  }

  #placeOfStep(record: WorkloadRecord): SpanPlace {
    const { traceparent: cause } = record;
    if (!this.isAsked(record)) return { kind: "begins", ...(cause === undefined ? {} : { cause }) };
    return cause === this.#traceparent ? { kind: "inside" } : placeOf(cause);
  }

  #span<T>(
    name: string,
    place: SpanPlace,
    attributes: Readonly<Record<string, string>>,
    work: (span: Span) => T,
  ): T {
    return this.#context.telemetry.span(name, { place, attributes }, work);
  }
}

/** Where the work for a request stands: in its trace, or in a new one where it came in none. */
function placeOf(traceparent: string | undefined): SpanPlace {
  return traceparent === undefined ? { kind: "begins" } : { kind: "continues", traceparent };
}

function attributesOf(record: WorkloadRecord): Readonly<Record<string, string>> {
  return {
    "persys.workload.id": record.id,
    "persys.workload.type": record.type,
    "persys.workload.generation": String(record.generation),
  };
}
