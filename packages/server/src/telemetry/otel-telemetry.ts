import type { Counter, Gauge, Histogram, Meter, Tracer } from "@opentelemetry/api";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import {
  type Logger,
  noSpan,
  type Span,
  type SpanOptions,
  type Telemetry,
  type TelemetryLabels,
} from "@persys/core";
import {
  type MetricKind,
  metricPrefix,
  type MetricRow,
  metricTable,
  secondsBuckets,
} from "./metric-table.ts";
import { OtelSpans } from "./otel-spans.ts";
import { prometheusNamed, withoutTypes } from "./prometheus-names.ts";
import { localPipe, type TelemetryPipe } from "./telemetry-pipe.ts";

/** One value of a gauge that is computed when it is read. */
export interface Reading {
  readonly name: string;
  readonly value: number;
  readonly labels?: TelemetryLabels;
}

/** Names beyond the table that are taken up; more than that is a program that puts data into names. */
const foreignNamesMax = 200;

/**
 * Counts and measures with the OpenTelemetry SDK and shows the result as Prometheus text. A name that the table does not know is taken up
 * as it comes, so that a new measurement is seen before anybody describes it; one that the table knows as another kind is dropped and
 * logged once.
 */
export class OtelTelemetry implements Telemetry {
  readonly #reader = new PrometheusExporter({ preventServerStart: true });
  readonly #pipe: TelemetryPipe;
  readonly #meter: Meter;
  readonly #spans: OtelSpans | undefined;
  readonly #serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  readonly #rows: ReadonlyMap<string, MetricRow> = new Map(
    metricTable.map((row) => [row.name, row]),
  );
  readonly #counters: Map<string, Counter> = new Map();
  readonly #histograms: Map<string, Histogram> = new Map();
  readonly #gauges: Map<string, Gauge> = new Map();
  readonly #observed: Set<string> = new Set();
  readonly #foreignNames: Set<string> = new Set();
  readonly #refused: Set<string> = new Set();
  readonly #logger: Logger;

  /** `pipe` makes what measurements go into; the reader is one of its readers. */
  constructor(logger: Logger, pipe: (reader: PrometheusExporter) => TelemetryPipe = localPipe) {
    this.#logger = logger;
    this.#pipe = pipe(this.#reader);
    this.#meter = this.#pipe.meters.getMeter("persys-agent");
    const { tracer } = this.#pipe;
    this.#spans = tracer === undefined ? undefined : new OtelSpans(tracer);
  }

  /** Makes spans; undefined where nothing is traced. */
  get tracer(): Tracer | undefined {
    return this.#pipe.tracer;
  }

  count(name: string, labels: TelemetryLabels = {}, by = 1): void {
    this.#instrument(this.#counters, "counter", name)?.add(by, labels);
  }

  measure(name: string, value: number, labels: TelemetryLabels = {}): void {
    this.#instrument(this.#histograms, "histogram", name)?.record(value, labels);
  }

  /** Sets a gauge, unless it is computed whenever it is read: that is newer than what anybody sets. */
  gauge(name: string, value: number, labels: TelemetryLabels = {}): void {
    if (this.#observed.has(name)) return;
    this.#instrument(this.#gauges, "gauge", name)?.record(value, labels);
  }

  span<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
    return this.#spans === undefined ? work(noSpan) : this.#spans.run(name, options, work);
  }

  /** Has `read` asked for gauges of these names whenever somebody reads the metrics. What it leaves out is then not shown. */
  observe(names: readonly string[], read: () => readonly Reading[]): void {
    for (const name of names) this.#observed.add(name);
    const gauges = new Map(
      names.map((name) => [
        name,
        this.#meter.createObservableGauge(this.#fullName(name), this.#described(name)),
      ]),
    );
    this.#meter.addBatchObservableCallback(
      (result) => {
        for (const { name, value, labels } of read()) {
          const gauge = gauges.get(name);
          if (gauge !== undefined) result.observe(gauge, value, labels);
        }
      },
      [...gauges.values()],
    );
  }

  /** Everything measured so far, in the text format of Prometheus, version 0.0.4. */
  async prometheusText(): Promise<string> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    for (const error of errors) this.#logger.warn("some metrics cannot be read", { error });
    return withoutTypes(this.#serializer.serialize(prometheusNamed(resourceMetrics)));
  }

  /** Lets go of what it holds. Nothing is measured afterwards. */
  async close(): Promise<void> {
    await this.#pipe.close();
  }

  #instrument<T extends Counter | Histogram | Gauge>(
    known: Map<string, T>,
    kind: MetricKind,
    name: string,
  ): T | undefined {
    const instrument = known.get(name);
    if (instrument !== undefined) return instrument;
    if (!this.#accepts(name, kind)) return undefined;
    const made = this.#create(kind, name) as T;
    known.set(name, made);
    return made;
  }

  #accepts(name: string, kind: MetricKind): boolean {
    const row = this.#rows.get(name);
    const accepted =
      row === undefined ? this.#foreignNames.size < foreignNamesMax : row.kind === kind;
    if (accepted && row === undefined) this.#foreignNames.add(name);
    if (!accepted && !this.#refused.has(name) && this.#refused.size < foreignNamesMax) {
      this.#refused.add(name);
      this.#logger.warn("a measurement is dropped: its name is another kind, or one too many", {
        metric: name,
        kind,
      });
    }
    return accepted;
  }

  #create(kind: MetricKind, name: string): Counter | Histogram | Gauge {
    const options = this.#described(name);
    if (kind === "counter") return this.#meter.createCounter(this.#fullName(name), options);
    if (kind === "gauge") return this.#meter.createGauge(this.#fullName(name), options);
    const bounds = this.#rows.get(name)?.buckets ?? secondsBuckets;
    return this.#meter.createHistogram(this.#fullName(name), {
      ...options,
      advice: { explicitBucketBoundaries: [...bounds] },
    });
  }

  #described(name: string): { readonly description: string; readonly unit: string } {
    return { description: this.#rows.get(name)?.help ?? "Not described.", unit: unitOf(name) };
  }

  /** The name as it is sent. Prometheus knows letters, digits and underscores. */
  #fullName(name: string): string {
    if (this.#rows.get(name)?.standard === true) return name;
    return `${metricPrefix}${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
  }
}

/** By the Unified Code for Units of Measure. */
function unitOf(name: string): string {
  if (name.endsWith("_seconds") || name.endsWith(".duration")) return "s";
  if (name.endsWith("_bytes")) return "By";
  return name.endsWith("_percent") ? "%" : "1";
}
