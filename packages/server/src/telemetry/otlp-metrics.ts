import {
  type IMetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import type { Logger } from "@persys/core";
import type { Environment } from "./otel-environment.ts";

/** What the specification says of them. */
const defaultIntervalMs = 60_000;
const defaultTimeoutMs = 30_000;

/**
 * What sends the metrics, as the variables of OpenTelemetry say: the SDK itself reads them only where it makes all readers, and one of ours
 * is what `/metrics` shows. Loads the exporter of the protocol alone.
 */
export async function otlpMetricReaders(
  env: Environment,
  logger: Logger,
): Promise<readonly IMetricReader[]> {
  const wanted = (env["OTEL_METRICS_EXPORTER"] ?? "").trim() || "otlp";
  if (wanted === "none") return [];
  if (wanted !== "otlp") {
    logger.warn("OTEL_METRICS_EXPORTER is neither otlp nor none: metrics are not sent", { wanted });
    return [];
  }
  const exportIntervalMillis = positive(env["OTEL_METRIC_EXPORT_INTERVAL"]) ?? defaultIntervalMs;
  const timeoutMs = positive(env["OTEL_METRIC_EXPORT_TIMEOUT"]) ?? defaultTimeoutMs;
  return [
    new PeriodicExportingMetricReader({
      exporter: await exporterOf(protocolOf(env)),
      exportIntervalMillis,
      exportTimeoutMillis: Math.min(timeoutMs, exportIntervalMillis),
    }),
  ];
}

function protocolOf(env: Environment): string {
  return (
    env["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"]?.trim() ||
    env["OTEL_EXPORTER_OTLP_PROTOCOL"]?.trim() ||
    ""
  );
}

async function exporterOf(protocol: string): Promise<PushMetricExporter> {
  if (protocol === "grpc") {
    const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-grpc");
    return new OTLPMetricExporter();
  }
  if (protocol === "http/json") {
    const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-http");
    return new OTLPMetricExporter();
  }
  const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-proto");
  return new OTLPMetricExporter();
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text ?? "");
  return value > 0 && Number.isFinite(value) ? value : undefined;
}
