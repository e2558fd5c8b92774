import { actualStates, type AgentApi } from "@persys/core";
import { LoopDelay } from "./loop-delay.ts";
import type { OtelTelemetry, Reading } from "./otel-telemetry.ts";

/** What the gauges of the agent are computed from. */
export interface ObservedAgent {
  readonly nodeId: string;
  /** The mount point whose fullness `health` reports. */
  readonly diskMountPoint: string;
  /** The engine's API while it answers; undefined before and after, when there is nothing truthful to say. */
  api(): Pick<AgentApi, "health" | "list" | "actions"> | undefined;
  /** For how long the certificate of the API holds, in milliseconds; undefined without TLS. */
  certificateLeftMs(): number | undefined;
}

/**
 * Has the gauges computed from the engine whenever they are read, so that none keeps a value that no longer holds. @returns a function that
 * ends the measuring of the event loop.
 */
export function observeAgent(telemetry: OtelTelemetry, agent: ObservedAgent): () => void {
  const delay = new LoopDelay();
  telemetry.observe(
    ["process_resident_memory_bytes", "process_cpu_seconds", "event_loop_delay_p99_seconds"],
    () => ownReadings(delay),
  );
  telemetry.observe(
    [
      "workload_count",
      "runtime_health_status",
      "store_health_status",
      "system_memory_utilization_percent",
      "system_cpu_utilization_percent",
      "system_disk_utilization_percent",
      "task_queue_depth",
      "orphans",
      "garbage_collection_orphaned_resources_found",
      "info",
    ],
    () => agentReadings(agent),
  );
  telemetry.observe(["certificate_expiry_seconds"], () => {
    const leftMs = agent.certificateLeftMs();
    return leftMs === undefined
      ? []
      : [{ name: "certificate_expiry_seconds", value: leftMs / 1e3 }];
  });
  return () => delay.close();
}

function ownReadings(delay: LoopDelay): Reading[] {
  const { user, system } = process.cpuUsage();
  return [
    { name: "process_resident_memory_bytes", value: process.memoryUsage.rss() },
    { name: "process_cpu_seconds", value: (user + system) / 1e6 },
    { name: "event_loop_delay_p99_seconds", value: delay.p99Seconds },
  ];
}

function agentReadings(agent: ObservedAgent): Reading[] {
  const api = agent.api();
  if (api === undefined) return [];
  const { runtimes, store, utilization, orphans, version } = api.health();
  return [
    ...workloadCounts(api, Object.keys(runtimes)),
    ...Object.entries(runtimes).map(([type, health]) => ({
      name: "runtime_health_status",
      value: health === "healthy" ? 1 : 0,
      labels: { runtime_type: type },
    })),
    { name: "store_health_status", value: store === "healthy" ? 1 : 0 },
    { name: "system_memory_utilization_percent", value: utilization.memoryPercent },
    { name: "system_cpu_utilization_percent", value: utilization.cpuPercent },
    {
      name: "system_disk_utilization_percent",
      value: utilization.diskPercent,
      labels: { mount_point: agent.diskMountPoint },
    },
    {
      name: "task_queue_depth",
      value: api.actions({ status: "pending", limit: 0, newestFirst: false }).length,
    },
    { name: "orphans", value: orphans.length },
    ...orphanCounts(orphans, Object.keys(runtimes)),
    { name: "info", value: 1, labels: { node_id: agent.nodeId, version } },
  ];
}

/** As `<type>/<id>`. */
function orphanCounts(orphans: readonly string[], types: readonly string[]): Reading[] {
  const count = (prefix: string): number => orphans.filter((it) => it.startsWith(prefix)).length;
  return [["total", ""] as const, ...types.map((type) => [type, `${type}/`] as const)].map(
    ([type, prefix]) => ({
      name: "garbage_collection_orphaned_resources_found",
      value: count(prefix),
      labels: { resource_type: type },
    }),
  );
}

/** Every state of every type, none of which ever vanishes from the graphs: what nobody is in counts 0. */
function workloadCounts(api: Pick<AgentApi, "list">, types: readonly string[]): Reading[] {
  const counts = new Map<string, Map<string, number>>();
  const ofType = (type: string): Map<string, number> => {
    const known = counts.get(type) ?? new Map(actualStates.map((state) => [state, 0]));
    counts.set(type, known);
    return known;
  };
  for (const type of types) ofType(type);
  for (const { type, actual } of api.list({})) {
    const states = ofType(type);
    states.set(actual, (states.get(actual) ?? 0) + 1);
  }
  return [...counts].flatMap(([type, states]) =>
    [...states].map(([state, value]) => ({
      name: "workload_count",
      value,
      labels: { state, type },
    })),
  );
}
