import type { MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";

/**
 * The same measurements under the names that Prometheus has for them: those of the semantic conventions get their unit as a suffix, as
 * collectors name them. Units are part of the names here, not lines of their own.
 */
export function prometheusNamed(metrics: ResourceMetrics): ResourceMetrics {
  return {
    ...metrics,
    scopeMetrics: metrics.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.map(named),
    })),
  };
}

function named(data: MetricData): MetricData {
  const { name, unit } = data.descriptor;
  const isStandard = name.includes(".");
  return {
    ...data,
    descriptor: {
      ...data.descriptor,
      name: isStandard && unit === "s" ? `${name}.seconds` : name,
      unit: "",
    },
  };
}
