import type { ExpectedFailure } from "./expected-failures.ts";
import { type CaseResult, isWarning, type Report } from "./report.ts";

/** How a result counts once it is known what was expected. */
export type Standing =
  | "passed"
  /** A broken MUST that was not expected. */
  | "failed"
  /** A broken SHOULD or MAY. */
  | "warning"
  /** Broken as expected. */
  | "expected"
  | "unjudged"
  | "not-run";

/** How many results have each standing. */
export type Tally = Readonly<Record<Standing, number>>;

/** What all runs together say. */
export interface Verdict {
  /** Nothing is broken but what was expected, all that was expected is, and something was judged at all. */
  readonly kept: boolean;
  /** How many results say something of the subject: all that are neither unjudged nor not run. */
  readonly judged: number;
  /** Whether a run was ended before all of its cases had run. */
  readonly interrupted: boolean;
  readonly tally: Tally;
  /** What was expected to fail and passes: to be taken off the list. */
  readonly stale: readonly ExpectedFailure[];
}

/** How `result` counts. */
export function standingOf(result: CaseResult, expected: readonly ExpectedFailure[]): Standing {
  if (result.outcome !== "failed") return result.outcome;
  if (expected.some(({ id }) => id === result.id)) return "expected";
  return isWarning(result) ? "warning" : "failed";
}

/** How often each standing occurs. */
export function tallyOf(
  results: readonly CaseResult[],
  expected: readonly ExpectedFailure[],
): Tally {
  const tally: Record<Standing, number> = {
    passed: 0,
    failed: 0,
    warning: 0,
    expected: 0,
    unjudged: 0,
    "not-run": 0,
  };
  for (const result of results) tally[standingOf(result, expected)] += 1;
  return tally;
}

/** Judges the runs, of the same contract and subject, by what was expected. */
export function judgeReports(
  reports: readonly Report[],
  expected: readonly ExpectedFailure[],
): Verdict {
  const results = reports.flatMap((report) => report.results);
  const tally = tallyOf(results, expected);
  // What fails with some seeds only is on the list for those.
  const stale = expected.filter(({ id }) => {
    const outcomes = results.filter((result) => result.id === id).map(({ outcome }) => outcome);
    return outcomes.includes("passed") && !outcomes.includes("failed");
  });
  const strays = reports.some((report) => report.strays.length > 0);
  const judged = tally.passed + tally.failed + tally.warning + tally.expected;
  return {
    kept: judged > 0 && tally.failed === 0 && stale.length === 0 && !strays,
    judged,
    interrupted: reports.some(({ interrupted }) => interrupted),
    tally,
    stale,
  };
}
