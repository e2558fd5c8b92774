/** What something uses. Counters grow from the start of the run. */
export interface UsageFigures {
  /** 100 is one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly diskReadBytes: number;
  readonly diskWriteBytes: number;
  readonly netRxBytes: number;
  readonly netTxBytes: number;
}

/** What one part of a workload uses, such as a service of a compose application. */
export interface PartUsage extends UsageFigures {
  readonly name: string;
}

/** What a workload uses now. */
export interface UsageSnapshot extends UsageFigures {
  readonly collectedAtMs: number;
  /** Where the numbers come from, such as `cgroup` or `procfs`. */
  readonly source: string;
  /** The parts whose sum this is, by name; undefined for a workload of one part. */
  readonly parts?: readonly PartUsage[];
}
