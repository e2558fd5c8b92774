import { silentLogger } from "@persys/core";
import { expect, it, onTestFinished } from "vitest";
import { complaintsOf, hasPromtool } from "../../../../test/prometheus/promtool.ts";
import { describeUnlessLacking } from "../../../../test/test-host.ts";
import { metricTable } from "../../src/telemetry/metric-table.ts";
import { OtelTelemetry } from "../../src/telemetry/otel-telemetry.ts";

describeUnlessLacking(
  hasPromtool() ? undefined : "no promtool (scripts/test-host up)",
  "promtool check metrics",
  () => {
    it("finds nothing wrong with any metric", async () => {
      const telemetry = new OtelTelemetry(silentLogger);
      onTestFinished(() => telemetry.close());
      for (const { name, kind, labels = [] } of metricTable) {
        const values = Object.fromEntries(labels.map((label) => [label, 'a "quoted"\\ value']));
        if (kind === "counter") telemetry.count(name, values);
        if (kind === "histogram") telemetry.measure(name, 1, values);
        if (kind === "gauge") telemetry.gauge(name, 1, values);
      }

      expect(complaintsOf(await telemetry.prometheusText())).toEqual([]);
    });
  },
);
