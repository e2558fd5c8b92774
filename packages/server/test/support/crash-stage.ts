/** What a workload of a story is to do: note its revision in its file, then stay, or end with the code. */
export interface CrashWorkload {
  readonly revisionId: string;
  /** Left out: it stays until it is stopped. With a code it is a job, which is never started a second time. */
  readonly exitCode?: number;
}

/** One instance that is up, whoever knows of it. */
export interface LiveInstance {
  readonly id: string;
  readonly revisionId: string;
}

/** Workloads of one kind in a story, with what the machine itself says of them, past the agent. */
export interface CrashStage {
  /** The id for a name; the same one every time. */
  id(name: string): string;
  apply(id: string, workload: CrashWorkload): Promise<unknown>;
  /** All that is up now. */
  live(): Promise<readonly LiveInstance[]>;
  /** Names the run of a workload that is up: another one after every start. */
  run(id: string): Promise<string>;
  /** Names what a workload keeps when it is stopped and started; empty where it keeps nothing. */
  place(id: string): Promise<string>;
  /** The revisions that were started, in order. */
  lines(id: string): readonly string[];
  /** What is on the machine besides what exactly these workloads need. */
  surplus(ids: readonly string[]): Promise<readonly string[]>;
}

/** How many workloads of each part there are. */
export interface CrashCast {
  /** Never touched: it keeps its run. */
  readonly steady: number;
  /** Stopped and started. */
  readonly resting: number;
  /** Gets new revisions. */
  readonly changing: number;
  /** Is applied and deleted. */
  readonly guests: number;
  /** Runs once and ends; one begins in each of the first rounds. */
  readonly jobs: number;
}
