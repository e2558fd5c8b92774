import type { AgentApi, AgentHealth, WorkloadStatus } from "@persys/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { metricTable, shownName } from "../../src/telemetry/metric-table.ts";
import { observeAgent } from "../../src/telemetry/observe-agent.ts";
import { OtelTelemetry } from "../../src/telemetry/otel-telemetry.ts";
import { type RecordingLogger, recordingLogger } from "../support/recording-logger.ts";

function measuring(): { measured: OtelTelemetry; logger: RecordingLogger } {
  const logger = recordingLogger();
  const made = new OtelTelemetry(logger);
  onTestFinished(() => made.close());
  return { measured: made, logger };
}

describe("OtelTelemetry", () => {
  it("shows what was counted, measured and set under the agent's prefix", async () => {
    const { measured } = measuring();

    measured.count("workload_created_total");
    measured.count("workload_created_total", {}, 2);
    measured.count("steps_total", { step: "start", outcome: "completed" });
    measured.measure("commit_duration_seconds", 0.000_4);
    measured.gauge("orphans", 3);

    const lines = (await measured.prometheusText()).split("\n");
    expect(lines).toContain("persys_agent_workload_created_total 3");
    expect(lines).toContain('persys_agent_steps_total{step="start",outcome="completed"} 1');
    expect(lines).toContain('persys_agent_commit_duration_seconds_bucket{le="0.0005"} 1');
    expect(lines).toContain("# TYPE persys_agent_commit_duration_seconds histogram");
    expect(lines).toContain("persys_agent_orphans 3");
    expect(lines).toContain("# HELP persys_agent_workload_created_total Workloads created.");
  });

  it("takes every name of the table for the kind it is", async () => {
    const { measured, logger } = measuring();

    for (const { name, kind } of metricTable) {
      if (kind === "counter") measured.count(name);
      if (kind === "histogram") measured.measure(name, 1);
      if (kind === "gauge") measured.gauge(name, 1);
    }

    const text = await measured.prometheusText();
    for (const row of metricTable) expect(text).toContain(`# TYPE ${shownName(row)} `);
    expect(logger.lines).toEqual([]);
  });

  it("shows a name that the table does not know, as far as Prometheus can", async () => {
    const { measured } = measuring();

    measured.count("brand.new-thing_total");

    expect(await measured.prometheusText()).toContain("persys_agent_brand_new_thing_total 1");
  });

  it("drops what the table knows as another kind, and says so once", async () => {
    const { measured, logger } = measuring();

    measured.measure("workload_created_total", 1);
    measured.measure("workload_created_total", 1);

    expect(await measured.prometheusText()).not.toContain("workload_created_total");
    expect(logger.lines).toEqual([expect.stringContaining("a measurement is dropped")]);
  });

  it("bounds the names that it takes up", async () => {
    const { measured } = measuring();

    for (let index = 0; index < 1_000; index += 1) measured.gauge(`name_${index}`, index);

    const shown = (await measured.prometheusText()).match(/^persys_agent_name_\d+ /gm) ?? [];
    expect(shown).toHaveLength(200);
  });

  it("prefers what is computed on reading to what was set", async () => {
    const { measured } = measuring();
    measured.observe(["runtime_health_status"], () => [
      { name: "runtime_health_status", value: 1 },
    ]);

    measured.gauge("runtime_health_status", 0);

    const lines = (await measured.prometheusText()).match(
      /^persys_agent_runtime_health_status.*$/gm,
    );
    expect(lines).toEqual(["persys_agent_runtime_health_status 1"]);
  });
});

describe("observeAgent", () => {
  const health: AgentHealth = {
    healthy: false,
    reasons: ["runtime container: unhealthy: no socket"],
    version: "1.2.3",
    nodeId: "node-1",
    runtimes: { process: "healthy", container: "unhealthy: no socket" },
    runtimeVersions: { process: "Linux 6.1" },
    store: "healthy",
    utilization: { memoryPercent: 10, cpuPercent: 20, diskPercent: 30 },
    workloads: { pending: 0, running: 2, stopped: 0, failed: 0, unknown: 0 },
    orphans: ["process/a"],
  };

  /** The gauges as text, with an agent of these workloads. */
  async function scrape(
    workloads: readonly Pick<WorkloadStatus, "type" | "actual">[],
    certificateLeftMs?: number,
  ): Promise<string[]> {
    const { measured } = measuring();
    const api: Pick<AgentApi, "health" | "list" | "actions"> = {
      health: () => health,
      list: () => workloads as readonly WorkloadStatus[],
      actions: () => [],
    };
    onTestFinished(
      observeAgent(measured, {
        nodeId: "node-1",
        diskMountPoint: "/",
        api: () => api,
        certificateLeftMs: () => certificateLeftMs,
      }),
    );
    return (await measured.prometheusText()).split("\n");
  }

  it("counts workloads by state and type, and shows 0 where there are none", async () => {
    const lines = await scrape([
      { type: "process", actual: "running" },
      { type: "process", actual: "running" },
      { type: "custom", actual: "failed" },
    ]);

    expect(lines).toContain('persys_agent_workload_count{state="running",type="process"} 2');
    expect(lines).toContain('persys_agent_workload_count{state="failed",type="process"} 0');
    expect(lines).toContain('persys_agent_workload_count{state="pending",type="container"} 0');
    expect(lines).toContain('persys_agent_workload_count{state="failed",type="custom"} 1');
  });

  it("says no type of a gauge whose name ends as those of histograms do", async () => {
    const lines = await scrape([]);

    expect(lines).toContain("# TYPE persys_agent_workload_count untyped");
    expect(lines).toContain("# TYPE persys_agent_runtime_health_status gauge");
  });

  it("tells what is well and how full the node is", async () => {
    const lines = await scrape([]);

    expect(lines).toContain('persys_agent_runtime_health_status{runtime_type="process"} 1');
    expect(lines).toContain('persys_agent_runtime_health_status{runtime_type="container"} 0');
    expect(lines).toContain("persys_agent_store_health_status 1");
    expect(lines).toContain("persys_agent_system_memory_utilization_percent 10");
    expect(lines).toContain("persys_agent_system_cpu_utilization_percent 20");
    expect(lines).toContain('persys_agent_system_disk_utilization_percent{mount_point="/"} 30');
    expect(lines).toContain("persys_agent_orphans 1");
    expect(lines).toContain('persys_agent_info{node_id="node-1",version="1.2.3"} 1');
  });

  it("tells for how long the certificate holds, where there is one", async () => {
    const shown = /^persys_agent_certificate_expiry_seconds .*$/gm;

    expect((await scrape([], 90_500)).join("\n").match(shown)).toEqual([
      "persys_agent_certificate_expiry_seconds 90.5",
    ]);
    expect((await scrape([])).join("\n").match(shown)).toBeNull();
  });

  it("says nothing of an engine that does not answer yet", async () => {
    const { measured } = measuring();
    onTestFinished(
      observeAgent(measured, {
        nodeId: "n",
        diskMountPoint: "/",
        api: () => undefined,
        certificateLeftMs: () => undefined,
      }),
    );

    const text = await measured.prometheusText();

    expect(text).not.toContain("workload_count{");
    expect(text).toContain("persys_agent_process_resident_memory_bytes ");
  });
});
