import {
  AgentError,
  type Span,
  type SpanOptions,
  type SpanPlace,
  type Telemetry,
  type TelemetryLabels,
} from "@persys/core";

/** A span as it was told. */
export interface RecordedSpan {
  readonly name: string;
  readonly place: SpanPlace;
  readonly attributes: Record<string, string>;
  failure: string;
  ended: boolean;
}

/** Telemetry that keeps what it is told. */
export class RecordingTelemetry implements Telemetry {
  readonly counts = new Map<string, number>();
  readonly counted: (readonly [name: string, labels: TelemetryLabels])[] = [];
  readonly measured = new Map<string, number[]>();
  readonly gauges = new Map<string, number>();
  readonly spans: RecordedSpan[] = [];

  count(name: string, labels: TelemetryLabels = {}, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
    this.counted.push([name, labels]);
  }

  measure(name: string, value: number): void {
    this.measured.set(name, [...(this.measured.get(name) ?? []), value]);
  }

  gauge(name: string, value: number, labels: TelemetryLabels = {}): void {
    this.gauges.set([name, ...Object.values(labels)].join(" "), value);
  }

  span<T>(name: string, { place, attributes }: SpanOptions, work: (span: Span) => T): T {
    const span: RecordedSpan = {
      name,
      place,
      attributes: { ...attributes },
      failure: "",
      ended: false,
    };
    this.spans.push(span);
    const end = (error?: unknown): void => {
      if (error !== undefined) span.failure = AgentError.from(error).code;
      span.ended = true;
    };
    const result = work({
      note: (more) => void Object.assign(span.attributes, more),
      fail: (code) => (span.failure = code),
    });
    if (result instanceof Promise) result.then(() => end(), end);
    else end();
    return result;
  }

  /** The spans of a name, in the order in which they began. */
  named(name: string): readonly RecordedSpan[] {
    return this.spans.filter((it) => it.name === name);
  }
}
