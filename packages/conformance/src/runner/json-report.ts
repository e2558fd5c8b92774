import type { ExpectedFailure } from "./expected-failures.ts";
import type { CaseResult, Report } from "./report.ts";
import { judgeReports, type Standing, standingOf, type Tally } from "./verdict.ts";

/** One or more runs of a contract over a subject, as `--json` prints them. Members are only ever added under the same `format`. */
export interface ReportDocument {
  readonly format: "persys-conformance/1";
  readonly contract: string;
  readonly subject: string;
  readonly kitVersion: string;
  /** Nothing is broken but what was expected, and all that was expected is. */
  readonly kept: boolean;
  /** Whether it was ended before all had run. */
  readonly interrupted: boolean;
  /** Over all runs. */
  readonly tally: Tally;
  /** Expected failures that pass. */
  readonly stale: readonly ExpectedFailure[];
  /** One for each seed. */
  readonly runs: readonly (Omit<Report, "contract" | "subject" | "kitVersion" | "results"> & {
    readonly results: readonly (CaseResult & {
      readonly standing: Standing;
      /** Why it was expected to fail. */
      readonly expectedBecause?: string;
    })[];
  })[];
}

/** The runs as one document. @throws {RangeError} when there is none. */
export function jsonReport(
  reports: readonly Report[],
  expected: readonly ExpectedFailure[] = [],
): ReportDocument {
  const [first] = reports;
  if (first === undefined) throw new RangeError("there is no run to report");
  const { contract, subject, kitVersion } = first;
  const verdict = judgeReports(reports, expected);
  return {
    format: "persys-conformance/1",
    contract,
    subject,
    kitVersion,
    kept: verdict.kept,
    interrupted: verdict.interrupted,
    tally: verdict.tally,
    stale: verdict.stale,
    runs: reports.map(({ seed, startedAt, endedAt, interrupted, results, strays }) => ({
      seed,
      startedAt,
      endedAt,
      interrupted,
      results: results.map((result) => {
        const because = expected.find(({ id }) => id === result.id)?.because;
        return {
          ...result,
          standing: standingOf(result, expected),
          ...(because === undefined ? {} : { expectedBecause: because }),
        };
      }),
      strays,
    })),
  };
}
