/** What the process that applied everything reports. */
export interface FillReport {
  readonly perSecond: number;
}

/** The least that the same state costs without an engine; in milliseconds. */
export interface FloorReport {
  /** The store opened and the runtime listed. */
  readonly bootMs: number;
  /** Every record stored once, all at the same time. */
  readonly failureMs: number;
}

/** What a process with an engine reports of one size; durations in milliseconds. */
export interface ScaleReport {
  /** Of a process that does nothing: what the machine is like. */
  readonly idle: Phase;
  readonly boot: Phase;
  /** Processor time of one periodic look at the runtime while nothing has changed. */
  readonly resyncCpuMs: number;
  /** Processor time of the list that it takes. */
  readonly listCpuMs: number;
  readonly resync: Phase;
  readonly failure: Phase;
  readonly rssMib: number;
  /** Growth of heap and buffers by the engine, for each workload. */
  readonly heapKibEach: number;
  /** Calls that changed something while nothing had to change: none, unless a restart is visible. */
  readonly idleChanges: number;
}

/** How long something took, and how long the event loop stood still meanwhile. */
export interface Phase {
  readonly ms: number;
  /** Processor time of the whole process. */
  readonly cpuMs: number;
  /** 99th percentile of the delays of a timer that is due every millisecond. */
  readonly stallP99Ms: number;
  readonly stallMaxMs: number;
  /** The most processor time that the main thread spent in one go. */
  readonly busyMaxMs: number;
}
