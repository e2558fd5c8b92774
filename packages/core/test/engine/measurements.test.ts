import { describe, expect, it } from "vitest";
import type { Telemetry } from "@persys/core";
import { SimulatedNode } from "../support/simulated-node.ts";

/** Telemetry that keeps what it is told. */
class RecordingTelemetry implements Telemetry {
  readonly counts = new Map<string, number>();
  readonly measured = new Map<string, number[]>();

  count(name: string, _labels?: Readonly<Record<string, string>>, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }
  measure(name: string, value: number): void {
    this.measured.set(name, [...(this.measured.get(name) ?? []), value]);
  }
  gauge(): void {}
}

describe("measurements", () => {
  it("tell how long an apply and a delete took from the request to their end", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry });

    await node.settled("web");
    await node.remove("web");
    await node.stop();

    expect(telemetry.measured.get("workload_apply_duration_seconds")).toEqual([10]);
    expect(telemetry.measured.get("workload_delete_duration_seconds")?.length).toBe(1);
    expect(telemetry.counts.get("workload_created_total")).toBe(1);
    expect(telemetry.counts.get("workload_deleted_total")).toBe(1);
    const reconciled = telemetry.counts.get("workload_reconcile_total") ?? 0;
    expect(reconciled).toBeGreaterThan(1);
    expect(telemetry.measured.get("workload_reconcile_duration_seconds")?.length).toBe(reconciled);
  });
});
