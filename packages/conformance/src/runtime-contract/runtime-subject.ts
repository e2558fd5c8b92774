import type { WorkloadRuntime } from "@persys/core";

/**
 * A runtime under test with its surroundings, made anew for every case and empty. Of what is optional, each piece that is there lets more
 * clauses be judged; those that need a missing one are told as not judged.
 */
export interface RuntimeSubject {
  readonly runtime: WorkloadRuntime;
  /** What the ids of all workloads begin with, for hosts on which others may have workloads of the same names. Default `contract`. */
  readonly idPrefix?: string;
  /** Specs as a request would send them. */
  readonly specs: RuntimeSubjectSpecs;
  /** The exit code that is seen of `longRunning` and `stopsSlowly` when they end because they were asked to, not forced. */
  readonly gracefulExitCode?: number;
  /** Whether what is set aside is no more than a description, so that nobody can tell how its last run ended. Default false. */
  readonly forgetsKeptExits?: boolean;
  /** Whether what is set aside is a part of what is current, and goes with that where somebody removes it. Default false. */
  readonly losesKeptWithCurrent?: boolean;
  /** Whether the program of `ignoresStop` has come so far that it would ignore a stop. Default: at once. */
  readonly ignoresStopNow?: (id: string) => Promise<boolean>;
  /** Whether the program of `stopsSlowly` has come so far that it would take its time. Default: at once. */
  readonly stopsSlowlyNow?: (id: string) => Promise<boolean>;
  /** Ends the program of the current instance of `id` at once, as an operator's `kill -9` would. */
  readonly killBehind: (id: string) => Promise<void>;
  /** Removes the current instance of `id`, running or not, as an operator would who knows nothing of the agent. */
  readonly removeBehind?: (id: string) => Promise<void>;
  /** Freezes the program of the current instance of `id`. */
  readonly pauseBehind?: (id: string) => Promise<void>;
  /** Runs the current instance of `id`, which is down, as an operator might. */
  readonly startBehind?: (id: string) => Promise<void>;
  /** Changes the configuration of the current instance of `id`, which runs on, so that its observation tells of a drift. */
  readonly driftBehind?: (id: string) => Promise<void>;
  /** Ends the program of the current instance of `id` so that nobody learns how, as a loss of power would. */
  readonly loseExitBehind?: (id: string) => Promise<void>;
  /** Sets what the health check of the current instance of `id` says from now on. */
  readonly healthBehind?: (id: string, health: "healthy" | "unhealthy") => Promise<void>;
  /** Which of the changes behind the runtime it hints at. Default: all for which the subject has the means. */
  readonly hints?: readonly OutsideChange[];
  /** Another runtime over the same host, as after a restart of the agent. */
  readonly reopen?: () => Promise<WorkloadRuntime>;
  /** Something on the host that has the name `id` and none of our marks. */
  readonly stranger?: Stranger;
  /** Things on the host that could be taken for ours under `id`: some of our marks are missing, or they are another node's. */
  readonly lookAlikes?: Stranger;
  /** Cuts the runtime off from what it runs workloads with. */
  readonly cutOff?: () => Promise<void>;
  /** What the runtime runs workloads with takes its calls from now on, and answers none. */
  readonly stall?: () => Promise<void>;
  /** Undoes `cutOff` and `stall`. */
  readonly rejoin?: () => Promise<void>;
  /** What is left on the host of all that was made through the runtime, by name. */
  readonly leftovers?: () => Promise<readonly string[]>;
  /** Lets so much time pass for the runtime. Default: real time. */
  readonly elapse?: (ms: number) => Promise<void>;
  /** How long anything here may take, in milliseconds. Default 10,000. */
  readonly patienceMs?: number;
  /** How long the host may go on with what a call had asked of it before that was called off, in milliseconds. Default 1,000. */
  readonly windDownMs?: number;
  /** How many random sequences of calls are tried, and how many calls each has at most. Default 10 of 12; fewer where calls are slow. */
  readonly sequences?: { readonly count: number; readonly length: number };
  /** Clears everything away, whatever state a case left it in. */
  readonly dispose: () => Promise<void>;
}

/** What an outsider may do to an instance, besides ending it. */
export type OutsideChange = "change" | "health" | "pause" | "remove" | "start";

/** Specs of a runtime under test, as a request would send them. */
export interface RuntimeSubjectSpecs {
  /** Runs until it is stopped, and ends soon once it is asked to. Another `variant` gives another spec. */
  readonly longRunning: (variant: string) => unknown;
  /** Ends by itself with `code`, soon. Left out by runtimes whose programs end without a code, such as machines. */
  readonly exitsWith?: (code: number) => unknown;
  /** Runs on when it is asked to stop, until it is forced. */
  readonly ignoresStop?: () => unknown;
  /** Takes `ms` to end once it is asked to stop, and does then. */
  readonly stopsSlowly?: (ms: number) => unknown;
  /** Runs until it is stopped; contains `secret` where the runtime has to redact it. */
  readonly secretive?: (secret: string) => unknown;
  /** Cannot be prepared on this host, however often that is tried. */
  readonly failsToPrepare?: () => unknown;
  /** Can be prepared, and cannot be started. */
  readonly failsToStart?: () => unknown;
  /** Writes `text`, of one line or several, to its standard output, and runs on. */
  readonly prints?: (text: string) => unknown;
  /** Writes `text` to its standard error, and runs on. */
  readonly printsErrors?: (text: string) => unknown;
  /** Writes `tick 1`, `tick 2`... to its standard output, each in a line, several a second, until it is stopped. */
  readonly ticks?: () => unknown;
}

/** Something on the host that is not ours. */
export interface Stranger {
  readonly add: (id: string) => Promise<void>;
  /** Whether it is as it was made. */
  readonly isIntact: (id: string) => Promise<boolean>;
}
