import type { ExpectedFailure } from "./expected-failures.ts";
import { failureLines } from "./failure-text.ts";
import { printableText } from "./printable-text.ts";
import type { CaseFailure, CaseResult, Report } from "./report.ts";
import { judgeReports, type Standing, standingOf, type Tally, tallyOf } from "./verdict.ts";

/** How a text report looks. */
export interface TextReportOptions {
  readonly expected?: readonly ExpectedFailure[];
  /** The command that runs a case alone with a seed. Left out: not told. */
  readonly replay?: (seed: number, id: string) => string;
  /** Colours a text by what it says. Left out: no colours. */
  readonly paint?: (standing: Standing | "faint" | "title", text: string) => string;
}

const marks: Readonly<Record<Standing, string>> = {
  passed: "✔",
  failed: "✘",
  warning: "!",
  expected: "x",
  unjudged: "-",
  "not-run": "○",
};

/** The standings of a clause with several cases, the one that tells most first. */
const worstFirst: readonly Standing[] = [
  "failed",
  "warning",
  "expected",
  "not-run",
  "passed",
  "unjudged",
];

const plain = (_standing: unknown, text: string): string => text;

/** A run as a person reads it: a line for each clause, then everything about what is broken, then the sum. Control characters are made harmless. */
export function textReport(report: Report, options: TextReportOptions = {}): readonly string[] {
  const { expected = [], paint = plain } = options;
  const heading = `${report.contract} contract, ${report.subject}, seed ${report.seed} (kit ${report.kitVersion})`;
  return [
    paint("title", printableText(heading)),
    "",
    ...clauseLines(report.results, options),
    ...brokenLines(report, options),
    "",
    sumLine(report, expected),
  ];
}

/** A run in a line, and everything about what is broken in it. */
export function shortTextReport(
  report: Report,
  options: TextReportOptions = {},
): readonly string[] {
  const { expected = [] } = options;
  const broken = brokenLines(report, options);
  return [
    `seed ${String(report.seed).padEnd(10)}  ${sumLine(report, expected)}`,
    ...(broken.length === 0 ? [] : [...broken, ""]),
  ];
}

/** What all runs say together, for the end of the text: nothing for a single run that is as it should be. */
export function verdictLines(
  reports: readonly Report[],
  options: TextReportOptions = {},
): readonly string[] {
  const { expected = [], paint = plain } = options;
  const verdict = judgeReports(reports, expected);
  const seeds = reports.map(({ seed }) => seed);
  return [
    ...verdict.stale.map(({ id, because }) =>
      paint(
        "failed",
        `✘ ${id} was expected to fail and passes: take it off the list (${printableText(because)})`,
      ),
    ),
    ...(seeds.length < 2
      ? []
      : [`${seeds.length} seeds, ${seeds[0]} to ${seeds.at(-1)}: ${tallyText(verdict.tally)}`]),
    ...(verdict.interrupted ? [paint("warning", "interrupted: not all was run")] : []),
  ];
}

/** `43 passed, 1 failed, 1 unjudged`, without what there is none of; passed and failed always. */
function tallyText(tally: Tally): string {
  const words: readonly (readonly [Standing, string])[] = [
    ["passed", "passed"],
    ["failed", "failed"],
    ["warning", tally.warning === 1 ? "warning" : "warnings"],
    ["expected", "failed as expected"],
    ["unjudged", "unjudged"],
    ["not-run", "not run"],
  ];
  return words
    .filter(([standing]) => standing === "passed" || standing === "failed" || tally[standing] > 0)
    .map(([standing, word]) => `${tally[standing]} ${word}`)
    .join(", ");
}

function sumLine(report: Report, expected: readonly ExpectedFailure[]): string {
  const ms = Date.parse(report.endedAt) - Date.parse(report.startedAt);
  const count = report.results.length;
  return `${count} ${count === 1 ? "case" : "cases"} in ${(ms / 1000).toFixed(1)} s: ${tallyText(tallyOf(report.results, expected))}`;
}

function clauseLines(
  results: readonly CaseResult[],
  { expected = [], paint = plain }: TextReportOptions,
): readonly string[] {
  const clauses = Map.groupBy(results, ({ clause }) => clause);
  const width = Math.max(0, ...[...clauses.keys()].map((clause) => clause.length));
  return [...clauses].flatMap(([clause, cases]) => {
    const standings = cases.map((result) => standingOf(result, expected));
    const standing = worstFirst.find((each) => standings.includes(each)) ?? "passed";
    const [first] = cases;
    if (first === undefined) return [];
    const more = cases.length === 1 ? "" : ` (and ${cases.length - 1} more)`;
    const head = `${marks[standing]} ${clause.padEnd(width)}  ${first.level.padEnd(6)}`;
    return [
      `${paint(standing, head)}  ${printableText(first.title)}${paint("faint", more)}`,
      ...unjudgedLines(cases).map((line) => paint("faint", `${" ".repeat(width + 12)}${line}`)),
    ];
  });
}

function unjudgedLines(cases: readonly CaseResult[]): readonly string[] {
  const label = cases.every(({ outcome }) => outcome === "unjudged")
    ? "unjudged"
    : "in part unjudged";
  const reasons = cases.flatMap(({ outcome, because }) =>
    outcome === "unjudged" && because !== undefined
      ? [`${label}: ${printableText(because).replaceAll("\n", " ")}`]
      : [],
  );
  return [...new Set(reasons)];
}

function brokenLines(
  report: Report,
  { expected = [], replay, paint = plain }: TextReportOptions,
): readonly string[] {
  const { seed } = report;
  const broken = report.results.flatMap((result) => {
    if (result.outcome !== "failed") return [];
    const standing = standingOf(result, expected);
    const context = replay === undefined ? { seed } : { seed, replay: replay(seed, result.id) };
    const [first = "", ...rest] = failureLines(result, context).map(printableText);
    const reason = expected.find(({ id }) => id === result.id)?.because;
    return [
      "",
      paint(standing, `${marks[standing]} ${standingWords[standing] ?? ""}${first}`),
      ...(reason === undefined ? [] : [`  expected to fail: ${printableText(reason)}`]),
      ...rest.flatMap((line) => line.split("\n")),
    ];
  });
  return [...broken, ...report.strays.flatMap((stray) => strayLines(stray).map((line) => line))];
}

const standingWords: Partial<Readonly<Record<Standing, string>>> = {
  warning: "warning: ",
  expected: "as expected: ",
};

function strayLines({ message, stack }: CaseFailure): readonly string[] {
  return [
    "",
    `✘ an error was handled by nobody, and no case can be blamed for it: ${printableText(message)}`,
    ...(stack === undefined ? [] : printableText(stack).split("\n")),
  ];
}
