import { type MetricRow, metricTable, shownName } from "../../src/telemetry/metric-table.ts";

/** docs/metrics.md, made from the table. */
export function metricsDocument(): string {
  return [
    "# Metrics of `persys-agent`",
    "",
    "<!-- Made from packages/server/src/telemetry/metric-table.ts: npx vitest run packages/server/test/telemetry/metrics-document.test.ts -u -->",
    "",
    "As `/metrics` shows them. By OTLP they have the same names, but for those of OpenTelemetry's semantic conventions, which are named in brackets.",
    "How to read and to send them: [telemetry.md](telemetry.md). Labels have few values each: types, kinds and codes, never ids.",
    "",
    "| Metric | Kind | Labels | Says |",
    "|---|---|---|---|",
    ...metricTable.map(lineOf),
    "",
  ].join("\n");
}

function lineOf(row: MetricRow): string {
  const name = `\`${shownName(row)}\`${row.standard === true ? ` (\`${row.name}\`)` : ""}`;
  const labels = (row.labels ?? []).map((label) => `\`${label.replaceAll(".", "_")}\``);
  return `| ${name} | ${row.kind} | ${labels.join(", ")} | ${row.help} |`;
}
