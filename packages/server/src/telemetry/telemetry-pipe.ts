import type { MeterProvider as Meters, Tracer } from "@opentelemetry/api";
import type { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";

/** Where measurements and spans go. */
export interface TelemetryPipe {
  readonly meters: Meters;
  /** Undefined: nothing is traced. */
  readonly tracer?: Tracer;
  /** Sends what is not sent yet, within a bound of time, and lets go of what it holds. */
  close(): Promise<void>;
}

/** Measurements are kept for whoever reads them; nothing is traced. */
export function localPipe(reader: PrometheusExporter): TelemetryPipe {
  const meters = new MeterProvider({ readers: [reader] });
  return { meters, close: () => meters.shutdown() };
}
