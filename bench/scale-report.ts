/** What a child process reports of one size; durations in milliseconds. */
export interface ScaleReport {
  readonly boot: Phase;
  readonly bootFloorMs: number;
  /** Processor time of one periodic look at the runtime while nothing has changed. */
  readonly resyncCpuMs: number;
  readonly resyncFloorMs: number;
  readonly resyncStallMs: number;
  readonly failure: Phase;
  readonly failureFloorMs: number;
  readonly rssMib: number;
  /** Growth of heap and buffers by the engine, for each workload. */
  readonly heapKibEach: number;
  /** Calls that changed something while nothing had to change: none, unless a restart is visible. */
  readonly idleChanges: number;
}

/** How long something took, and how long the event loop stood still meanwhile. */
export interface Phase {
  readonly ms: number;
  /** 99th percentile of the delays of a timer that is due every millisecond. */
  readonly stallP99Ms: number;
  readonly stallMaxMs: number;
}

/** What a child process reports that made the state for the others. */
export interface FillReport {
  readonly perSecond: number;
}
