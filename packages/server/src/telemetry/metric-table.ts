/** How a metric behaves. `gauge` rows are computed when somebody reads them, or set by the engine. */
export type MetricKind = "counter" | "histogram" | "gauge";

/** One metric of the agent. It is shown as `persys_agent_<name>`. */
export interface MetricRow {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  /** Every label that its values can have. Each has few values: types, kinds and codes, never ids. */
  readonly labels?: readonly string[];
  /** Whether the name is one of OpenTelemetry's semantic conventions, shown as it is. */
  readonly standard?: boolean;
  /**
   * Whether the text for Prometheus names no type. Its rules keep `_count` for histograms and summaries, which a gauge of an older name has to
   * get out of the way of; what is untyped may have it. Queries do not ask for the type.
   */
  readonly untyped?: boolean;
  /** Upper bounds of a histogram's buckets; the default suits durations of seconds. */
  readonly buckets?: readonly number[];
}

/** The prefix of every name, that of existing agents and their dashboards. */
export const metricPrefix = "persys_agent_";

/** Bounds that existing dashboards expect of durations, in seconds. */
export const secondsBuckets: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** A durable commit takes from a fraction of a millisecond to seconds on a disk that struggles. */
const commitBuckets: readonly number[] = [
  0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1, 5,
];

/** Steps include downloads and graceful stops. */
const stepBuckets: readonly number[] = [0.005, 0.025, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900];

/** Every metric with what it says. The first group has the names and labels that existing dashboards query. */
export const metricTable: readonly MetricRow[] = [
  {
    name: "workload_count",
    kind: "gauge",
    untyped: true,
    labels: ["state", "type"],
    help: "Workloads by state and type.",
  },
  {
    name: "workload_created_total",
    kind: "counter",
    help: "Workloads created.",
  },
  { name: "workload_deleted_total", kind: "counter", help: "Workloads deleted." },
  { name: "workload_failed_total", kind: "counter", help: "Failures of workloads." },
  {
    name: "workload_reconcile_total",
    kind: "counter",
    help: "Looks at a workload that compared it with what is wanted.",
  },
  {
    name: "workload_apply_duration_seconds",
    kind: "histogram",
    help: "From the request of an apply to its durable answer.",
  },
  {
    name: "workload_delete_duration_seconds",
    kind: "histogram",
    help: "From the request of a delete to the end of the workload.",
  },
  {
    name: "workload_reconcile_duration_seconds",
    kind: "histogram",
    help: "One comparison of a workload with what is wanted.",
  },
  {
    name: "runtime_health_status",
    kind: "gauge",
    labels: ["runtime_type"],
    help: "1 when the runtime answers, else 0.",
  },
  { name: "system_memory_utilization_percent", kind: "gauge", help: "Memory in use on the node." },
  { name: "system_cpu_utilization_percent", kind: "gauge", help: "CPU in use on the node." },
  {
    name: "system_disk_utilization_percent",
    kind: "gauge",
    labels: ["mount_point"],
    help: "Disk in use on the node.",
  },
  {
    name: "errors_total",
    kind: "counter",
    labels: ["error_code"],
    help: "Failures of steps, commits, looks at runtimes and calls, by code.",
  },
  { name: "task_queue_depth", kind: "gauge", help: "Requests whose work has not begun." },
  {
    name: "task_latency_seconds",
    kind: "histogram",
    labels: ["type", "status"],
    help: "From the begin of a request's work to its end.",
    buckets: stepBuckets,
  },
  {
    name: "task_executions_total",
    kind: "counter",
    labels: ["type", "status"],
    help: "Requests whose work ended.",
  },
  {
    name: "task_failures_total",
    kind: "counter",
    labels: ["type"],
    help: "Requests whose work failed.",
  },

  {
    name: "garbage_collection_runs_total",
    kind: "counter",
    help: "Comparisons of everything that a runtime has with what is wanted, which find what is left over.",
  },
  {
    name: "garbage_collection_duration_seconds",
    kind: "histogram",
    help: "One such comparison.",
  },
  {
    name: "garbage_collection_orphaned_resources_found",
    kind: "gauge",
    labels: ["resource_type"],
    help: "Objects of this node that no record knows of, by type of workload, and total. They are shown, never removed.",
  },
  {
    name: "garbage_collection_resources_deleted_total",
    kind: "counter",
    labels: ["resource_type"],
    help: "Times that what superseded revisions had left was removed, by type of workload.",
  },

  {
    name: "rpc.server.call.duration",
    kind: "histogram",
    labels: ["rpc.system.name", "rpc.method", "rpc.status_code", "error.type"],
    standard: true,
    help: "Calls of the API, refused ones included, by system, method and status.",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  },
  {
    name: "convergence_lag_seconds",
    kind: "histogram",
    labels: ["source", "runtime_type"],
    help: "From the first hint of a change that nobody asked for to the end of the step that set it right, by how it was noticed.",
    buckets: stepBuckets,
  },
  {
    name: "lane_queue_depth",
    kind: "gauge",
    labels: ["runtime_type", "call"],
    help: "Calls that wait for a place in the budget of their runtime, by kind of call.",
  },
  {
    name: "lane_queue_wait_seconds",
    kind: "histogram",
    labels: ["runtime_type", "call"],
    help: "How long calls waited for a place in the budget of their runtime.",
  },
  {
    name: "info",
    kind: "gauge",
    labels: ["node_id", "version"],
    help: "Always 1; the labels say which agent this is.",
  },
  { name: "store_health_status", kind: "gauge", help: "1 when the state can be written, else 0." },
  {
    name: "orphans",
    kind: "gauge",
    help: "Objects of this node that no record knows of, at most 100 counted.",
  },
  {
    name: "missed_events_total",
    kind: "counter",
    labels: ["runtime_type"],
    help: "Changes that the periodic comparison found before an event told of them.",
  },
  {
    name: "resync_duration_seconds",
    kind: "histogram",
    labels: ["runtime_type"],
    help: "One comparison of everything that a runtime has with what is wanted.",
  },
  {
    name: "policy_denied_total",
    kind: "counter",
    labels: ["rule"],
    help: "Things that specs asked of the host and its policy did not give, by rule.",
  },
  {
    name: "calls_refused_total",
    kind: "counter",
    labels: ["reason"],
    help: "Calls that were not let through, by the reason that their callers were told.",
  },
  {
    name: "drift_detected_total",
    kind: "counter",
    labels: ["source", "runtime_type"],
    help: "Changes that nobody asked for and that had to be set right, by how they were noticed: event, list or timer.",
  },
  {
    name: "commit_duration_seconds",
    kind: "histogram",
    help: "One durable commit of the state.",
    buckets: commitBuckets,
  },
  { name: "steps_total", kind: "counter", labels: ["step", "outcome"], help: "Steps taken." },
  {
    name: "step_duration_seconds",
    kind: "histogram",
    labels: ["step", "runtime_type", "outcome"],
    help: "One step.",
    buckets: stepBuckets,
  },
  {
    name: "certificate_expiry_seconds",
    kind: "gauge",
    help: "Until the certificate that the API is served with ends; negative afterwards. Only with TLS.",
  },
  { name: "process_resident_memory_bytes", kind: "gauge", help: "Memory of the agent itself." },
  {
    name: "process_cpu_seconds",
    kind: "gauge",
    help: "CPU time of the agent itself since its start.",
  },
  {
    name: "event_loop_delay_p99_seconds",
    kind: "gauge",
    help: "How late the agent's own timers are, 99th percentile of the last one to two minutes.",
  },
];

/** The name by which `/metrics` shows a metric. */
export function shownName({ name, standard, kind }: MetricRow): string {
  if (standard !== true) return `${metricPrefix}${name}`;
  const unit = kind === "histogram" ? "_seconds" : "";
  return `${name.replaceAll(".", "_")}${unit}`;
}
