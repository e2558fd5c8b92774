import { context, diag, DiagLogLevel, metrics, propagation, trace } from "@opentelemetry/api";
import type { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { Logger } from "@persys/core";
import type { Environment } from "./otel-environment.ts";
import { otlpMetricReaders } from "./otlp-metrics.ts";
import type { TelemetryPipe } from "./telemetry-pipe.ts";
import { troubleLog } from "./trouble-log.ts";

/** Has all readers share what is counted: without a view each measurement is taken once per reader. */
const sharedByReaders = { instrumentName: "*" };

/** So long a stop waits for what is not sent yet, in milliseconds. A receiver that is there takes a fraction of it. */
const closeTimeoutMs = 2_000;

/**
 * Starts what sends traces and metrics, by the SDK and the variables of OpenTelemetry in `env`. All queues are bounded, and what a receiver
 * does not take in time is dropped: nobody waits for it.
 */
export async function openOtlpPipe(
  env: Environment,
  logger: Logger,
): Promise<(reader: PrometheusExporter) => TelemetryPipe> {
  diag.setLogger(troubleLog(logger), {
    logLevel: DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  });
  const readers = await otlpMetricReaders(env, logger);
  return (reader) => {
    const sdk = new NodeSDK({
      metricReaders: [reader, ...readers],
      views: [sharedByReaders],
      // The SDK warns of what the environment switches off, which is no trouble.
      ...(isOff(env["OTEL_TRACES_EXPORTER"]) ? { spanProcessors: [] } : {}),
      logRecordProcessors: [],
    });
    sdk.start();
    return {
      meters: metrics.getMeterProvider(),
      tracer: trace.getTracer("persys-agent"),
      close: async () => {
        if (!(await endsWithin(closeTimeoutMs, sdk.shutdown())))
          logger.warn("the last telemetry could not be sent");
        for (const part of [trace, metrics, propagation, context, diag]) part.disable();
      },
    };
  };
}

function isOff(exporter: string | undefined): boolean {
  return exporter?.trim() === "none";
}

/** Whether it came to a good end in time. */
async function endsWithin(timeoutMs: number, work: Promise<void>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), timeoutMs);
  const ended = work.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
