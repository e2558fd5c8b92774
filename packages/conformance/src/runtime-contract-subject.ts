import type { WorkloadRuntime } from "@persys/core";

/**
 * A runtime under test with its surroundings, made anew for every case and empty. What is optional is not judged where it is missing.
 */
export interface RuntimeSubject {
  readonly runtime: WorkloadRuntime;
  /** What the ids of all workloads begin with, for hosts on which others may have workloads of the same names. Default `contract`. */
  readonly idPrefix?: string;
  /** Specs as a request would send them. */
  readonly specs: {
    /** Runs until it is stopped. Another `variant` gives another spec. */
    readonly longRunning: (variant: string) => unknown;
    /** Ends by itself with `code`, soon. */
    readonly exitsWith: (code: number) => unknown;
    /** Runs on when it is asked to stop, until it is forced. */
    readonly ignoresStop?: () => unknown;
    /** Contains `secret` where the runtime has to redact it. */
    readonly secretive?: (secret: string) => unknown;
    /** Writes `line` to its standard output. */
    readonly prints?: (line: string) => unknown;
  };
  /** Whether the program of `ignoresStop` has come so far that it would ignore a stop. Default: at once. */
  readonly ignoresStopNow?: (id: string) => Promise<boolean>;
  /** Ends the program of the current instance of `id` at once, as an operator's `kill -9` would. */
  readonly killBehind: (id: string) => Promise<void>;
  /** Another runtime over the same host, as after a restart of the agent. */
  readonly reopen?: () => Promise<WorkloadRuntime>;
  /** Something on the host that has the name `id` and none of our marks. */
  readonly stranger?: {
    readonly add: (id: string) => Promise<void>;
    /** Whether it is as it was made. */
    readonly isIntact: (id: string) => Promise<boolean>;
  };
  /** Cuts the runtime off from what it runs workloads with. */
  readonly cutOff?: () => Promise<void>;
  /** What is left on the host of all that was made through the runtime, by name. */
  readonly leftovers?: () => Promise<readonly string[]>;
  /** Lets so much time pass for the runtime. Default: real time. */
  readonly elapse?: (ms: number) => Promise<void>;
  /** How long anything here may take, in milliseconds. Default 10,000. */
  readonly patienceMs?: number;
  /** Clears everything away, whatever state a case left it in. */
  readonly dispose: () => Promise<void>;
}
