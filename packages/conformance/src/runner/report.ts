import type { ContractLevel } from "../contract-case.ts";

/** What came of a case. */
export type CaseOutcome =
  /** The promise is kept. */
  | "passed"
  /** The promise is broken. For a SHOULD or MAY that is a warning, see {@link isWarning}. */
  | "failed"
  /** The subject lacks what it takes to judge; `because` says what. */
  | "unjudged"
  /** The run was over before its turn, or before its end. */
  | "not-run";

/** How a promise was broken. All of it is text, so that it can be kept and compared. */
export interface CaseFailure {
  readonly message: string;
  /** What was done, the shortest known way to the failure, a call a line. */
  readonly sequence?: readonly string[];
  readonly expected?: string;
  readonly seen?: string;
  /** Where it was noticed, with the causes below. */
  readonly stack?: string;
  /** What came of running the case again with the same seed: `failed` says that it fails always, `passed` that it depends on chance. */
  readonly rerun?: CaseOutcome;
}

/** One case and what came of it. */
export interface CaseResult {
  readonly id: string;
  readonly clause: string;
  readonly level: ContractLevel;
  readonly title: string;
  readonly outcome: CaseOutcome;
  /** Why it is unjudged or was not run. */
  readonly because?: string;
  readonly failure?: CaseFailure;
  /** Of the first run, in milliseconds. */
  readonly durationMs: number;
}

/** One run of the cases of a contract over a subject. */
export interface Report {
  /** Which contract: `runtime`, `store`, `api` or a name of your own. */
  readonly contract: string;
  /** What was judged, as its author would call it. */
  readonly subject: string;
  readonly kitVersion: string;
  readonly seed: number;
  /** RFC 3339. */
  readonly startedAt: string;
  /** RFC 3339. */
  readonly endedAt: string;
  /** Whether it was ended before all cases had run. */
  readonly interrupted: boolean;
  /** In the order of the cases. */
  readonly results: readonly CaseResult[];
  /** What was thrown or rejected behind the back of every case, so that none can be blamed for it. */
  readonly strays: readonly CaseFailure[];
}

/** A broken promise that nobody has to keep: a SHOULD or a MAY. */
export function isWarning({ outcome, level }: CaseResult): boolean {
  return outcome === "failed" && level !== "MUST";
}
