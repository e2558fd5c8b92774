import type { Action } from "../domain/action.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** Counts the work for a request that has ended, and how long it took: from the request, and from the begin of its work. */
export function measureAction(telemetry: Telemetry, action: Action): void {
  const { type, status, createdAtMs, startedAtMs, endedAtMs } = action;
  telemetry.count("task_executions_total", { type, status });
  telemetry.measure("task_latency_seconds", secondsOf(startedAtMs, endedAtMs), { type, status });
  if (status === "failed") telemetry.count("task_failures_total", { type });
  if (status !== "completed" || type === "retry_workload") return;
  const what = type === "apply_workload" ? "apply" : "delete";
  telemetry.measure(`workload_${what}_duration_seconds`, secondsOf(createdAtMs, endedAtMs));
}

/** The wall clock may have been set back in between. */
function secondsOf(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs) / 1_000;
}
