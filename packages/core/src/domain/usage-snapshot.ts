/** What a workload uses now. Counters grow from the start of the run. */
export interface UsageSnapshot {
  /** 100 is one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly diskReadBytes: number;
  readonly diskWriteBytes: number;
  readonly netRxBytes: number;
  readonly netTxBytes: number;
  readonly collectedAtMs: number;
  /** Where the numbers come from, such as `cgroup` or `procfs`. */
  readonly source: string;
}
