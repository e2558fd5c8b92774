import type { CaseFailure, CaseResult } from "./report.ts";

/** What a failed case is told with, besides its result. */
export interface FailureContext {
  readonly seed: number;
  /** The command that runs this case alone with this seed. Left out: not told. */
  readonly replay?: string;
}

/** A failed case in lines: which promise, how it is broken, and how to see it again. Foreign text in it is as it came. */
export function failureLines(
  result: Pick<CaseResult, "id" | "clause" | "level" | "title" | "failure">,
  context: FailureContext,
): readonly string[] {
  const { id, clause, level, title, failure } = result;
  return [
    `${clause} ${level}: ${title}`,
    ...(failure === undefined ? [] : brokenness(failure)),
    `  case:     ${id}`,
    `  seed:     ${context.seed}${recurrence(failure)}`,
    ...(context.replay === undefined ? [] : [`  replay:   ${context.replay}`]),
  ];
}

function brokenness(failure: CaseFailure): readonly string[] {
  const { message, sequence, expected, seen, stack } = failure;
  return [
    ...labelled("  because:  ", message),
    ...(sequence === undefined
      ? []
      : ["  sequence:", ...sequence.map((call, index) => `    ${index + 1}. ${call}`)]),
    ...(expected === undefined ? [] : labelled("  expected: ", expected)),
    ...(seen === undefined ? [] : labelled("  seen:     ", seen)),
    ...(stack === undefined ? [] : labelled("  where:    ", places(stack).join("\n"))),
  ];
}

/** How many places of a stack are shown. The whole of it is in the other forms of a report. */
const placesMax = 4;

/** The innermost places outside of Node, and the causes. */
function places(stack: string): readonly string[] {
  const lines = stack.split("\n");
  const inner = lines.filter((line) => /^ {4}at /.test(line) && !line.includes("(node:"));
  const causes = lines.filter((line) => line.startsWith("caused by: "));
  return [...inner.slice(0, placesMax).map((line) => line.trim()), ...causes];
}

/** Text of any number of lines behind a label, the later ones below the first. */
function labelled(label: string, text: string): readonly string[] {
  return text
    .split("\n")
    .map((line, index) => `${index === 0 ? label : " ".repeat(label.length)}${line}`.trimEnd());
}

function recurrence(failure: CaseFailure | undefined): string {
  switch (failure?.rerun) {
    case "failed":
      return ", fails every time";
    case "passed":
    case "unjudged":
      return ", nondeterministic: it did not fail when it was run again";
    case "not-run":
    case undefined:
      return "";
  }
}
