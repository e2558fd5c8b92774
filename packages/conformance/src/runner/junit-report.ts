import { createRequire } from "node:module";
import type { Builder, TestSuite } from "junit-report-builder";
import type { ExpectedFailure } from "./expected-failures.ts";
import { failureLines } from "./failure-text.ts";
import { printableText } from "./printable-text.ts";
import type { CaseResult, Report } from "./report.ts";
import { judgeReports, standingOf } from "./verdict.ts";

/**
 * The runs as JUnit XML, a suite for each seed. What is unjudged, only recommended, not run or failed as expected is skipped with its reason:
 * the format knows no other way to say it.
 */
export function junitReport(
  reports: readonly Report[],
  expected: readonly ExpectedFailure[] = [],
): string {
  const root = junitBuilder().newBuilder();
  for (const report of reports) {
    const suite = root
      .testSuite()
      .name(printableText(`${report.contract} ${report.subject}`))
      .timestamp(new Date(report.startedAt))
      .time((Date.parse(report.endedAt) - Date.parse(report.startedAt)) / 1000)
      .property("seed", String(report.seed))
      .property("kitVersion", report.kitVersion);
    for (const result of report.results) addCase(suite, { report, result, expected });
    for (const { message, stack } of report.strays) {
      suite
        .testCase()
        .className(`persys.${report.contract}`)
        .name("leaves no error that nobody handles")
        .failure(printableText(`${message}\n${stack ?? ""}`));
    }
  }
  const { stale } = judgeReports(reports, expected);
  if (stale.length > 0) {
    const suite = root.testSuite().name("expected failures");
    for (const { id, because } of stale) {
      suite
        .testCase()
        .className("persys.expected-failures")
        .name(`${id} fails as expected`)
        .failure(printableText(`it passes: take it off the list (${because})`));
    }
  }
  return root.build();
}

/** The library's types tell of a default export that its code, which is CommonJS, does not have. */
function junitBuilder(): Builder {
  return createRequire(import.meta.url)("junit-report-builder") as Builder;
}

function addCase(
  suite: TestSuite,
  judged: {
    readonly report: Report;
    readonly result: CaseResult;
    readonly expected: readonly ExpectedFailure[];
  },
): void {
  const { report, result, expected } = judged;
  const { clause, level, title, id, failure, because, durationMs } = result;
  const testCase = suite
    .testCase()
    .className(`persys.${report.contract}.${id}`)
    .name(printableText(`${clause} ${level}: ${title}`))
    .time(durationMs / 1000);
  const told = printableText(failureLines(result, { seed: report.seed }).join("\n"));
  switch (standingOf(result, expected)) {
    case "passed":
      break;
    case "failed":
      testCase.failure(printableText(failure?.message ?? ""));
      testCase.stacktrace(`${told}\n\n${printableText(failure?.stack ?? "")}`);
      break;
    case "warning":
      testCase.skipped().standardOutput(`only recommended, and not kept\n${told}`);
      break;
    case "expected": {
      const reason = expected.find((each) => each.id === id)?.because ?? "";
      testCase.skipped().standardOutput(printableText(`fails as expected: ${reason}\n${told}`));
      break;
    }
    case "unjudged":
    case "not-run":
      testCase.skipped().standardOutput(printableText(`${result.outcome}: ${because ?? ""}`));
      break;
  }
}
