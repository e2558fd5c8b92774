import { describe, expect, it } from "vitest";
import { RecordingTelemetry } from "../support/recording-telemetry.ts";
import { SimulatedNode } from "../support/simulated-node.ts";

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

  it("tell of each request whose work ended, by type and how", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry });

    await node.settled("web");
    await node.apply("other", { program: "serve" });
    await node.remove("other");

    const tasks = telemetry.counted.filter(([name]) => name.startsWith("task_"));
    expect(tasks).toEqual([
      ["task_executions_total", { type: "apply_workload", status: "completed" }],
      ["task_executions_total", { type: "apply_workload", status: "failed" }],
      ["task_failures_total", { type: "apply_workload" }],
      ["task_executions_total", { type: "delete_workload", status: "completed" }],
    ]);
    expect(telemetry.measured.get("task_latency_seconds")).toEqual([10, 0, 0]);
  });

  it("tell of a change that nobody asked for once, by how it was noticed and how long it lasted", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry });
    await node.settled("web");
    expect(telemetry.counts.get("drift_detected_total")).toBeUndefined();

    node.world.kill("web");
    await node.after(20_000);
    node.world.kill("web");
    await node.after(1_000);
    node.world.kill("web");
    await node.after(30_000);

    const drift = ["drift_detected_total", { source: "event", runtime_type: "simulated" }];
    expect(telemetry.counted.filter(([name]) => name === "drift_detected_total")).toEqual([
      drift,
      drift,
    ]);
    const [first, second = 0] = telemetry.measured.get("convergence_lag_seconds") ?? [];
    expect(first).toBe(0);
    // It ended again before it had settled, and was restarted after a delay.
    expect(second).toBeGreaterThan(1);
  });

  it("tell of a change that no event told as seen by the list", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry, events: false });
    await node.settled("web");

    node.world.kill("web");
    await node.after(60_000);

    expect(telemetry.counted).toContainEqual([
      "drift_detected_total",
      { source: "list", runtime_type: "simulated" },
    ]);
  });

  it("tell how many calls wait for a place, and how long", async () => {
    const telemetry = new RecordingTelemetry();
    const node = await SimulatedNode.start({ telemetry, policy: { stepsAtOnce: 1 } });
    const depth = "lane_queue_depth simulated step";
    expect(telemetry.gauges.get(depth)).toBe(0);
    for (const id of ["a", "b", "c"]) await node.apply(id, { program: "serve", startMs: 100 });

    expect(telemetry.gauges.get(depth)).toBe(2);
    await node.after(1_000);

    expect(telemetry.gauges.get(depth)).toBe(0);
    expect(telemetry.measured.get("lane_queue_wait_seconds")?.length).toBeGreaterThan(6);
  });
});
