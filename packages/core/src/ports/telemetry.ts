/** Labels of a measurement. Few values each. */
export type TelemetryLabels = Readonly<Record<string, string>>;

/**
 * Where a piece of work stands among traces:
 *
 * - `inside`: part of the work under way where it begins; not traced where none is.
 * - `continues`: goes on with the trace of the request that caused it, which may have been answered by another process long ago.
 * - `begins`: a trace of its own, linked to the request that it goes back to where one is known.
 * - `outside`: not traced, nor anything in it.
 */
export type SpanPlace =
  | { readonly kind: "inside" | "outside" }
  | { readonly kind: "continues"; readonly traceparent: string }
  | { readonly kind: "begins"; readonly cause?: string };

/** What a trace shows of a piece of work besides its name. Nothing that a spec holds, nor any other secret. */
export interface SpanOptions {
  readonly place: SpanPlace;
  /**
   * Makes it a leaf, which costs less: nothing can be inside of it. One that ends well in less time than this, in milliseconds, is not shown.
   */
  readonly leafMs?: number;
  readonly attributes?: TelemetryLabels;
}

/** A piece of work under way, as its trace shows it. */
export interface Span {
  /** Adds what became known of it. */
  note(attributes: TelemetryLabels): void;
  /** Shows it as failed, by a code of few values. */
  fail(code: string): void;
}

/** Where the engine reports what it counts, measures and does. Never throws, never blocks. */
export interface Telemetry {
  /** Adds to a counter. */
  count(name: string, labels?: TelemetryLabels, by?: number): void;
  /** Records one measurement of a distribution; durations are in seconds. */
  measure(name: string, value: number, labels?: TelemetryLabels): void;
  /** Sets a gauge. */
  gauge(name: string, value: number, labels?: TelemetryLabels): void;
  /**
   * Does `work` as a span of a trace, until what it returns has settled. Names have few values; ids are attributes. Returns what `work`
   * returns. @throws what `work` throws; the span is then shown as failed.
   */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => T): T;
}

/** A span that nobody sees. */
export const noSpan: Span = { note: () => {}, fail: () => {} };

/** Telemetry that goes nowhere. */
export const noTelemetry: Telemetry = {
  count: () => {},
  measure: () => {},
  gauge: () => {},
  span: (_name, _options, work) => work(noSpan),
};
