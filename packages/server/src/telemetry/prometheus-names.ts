import type { MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { metricPrefix, metricTable } from "./metric-table.ts";

const untypedNames: ReadonlySet<string> = new Set(
  metricTable.filter((row) => row.untyped).map((row) => `${metricPrefix}${row.name}`),
);

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

/** The same page of metrics, on which what the table has as untyped is so. A collector that is pushed to is told every type. */
export function withoutTypes(text: string): string {
  return text.replaceAll(/^# TYPE (\S+) \S+$/gm, (line, name: string) =>
    untypedNames.has(name) ? `# TYPE ${name} untyped` : line,
  );
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
