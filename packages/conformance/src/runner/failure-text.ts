import { fileURLToPath } from "node:url";
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
  const where = stack === undefined ? [] : places(stack);
  return [
    ...labelled("  because:  ", message),
    ...(sequence === undefined
      ? []
      : ["  sequence:", ...sequence.map((call, index) => `    ${index + 1}. ${call}`)]),
    ...(expected === undefined ? [] : labelled("  expected: ", expected)),
    ...(seen === undefined ? [] : labelled("  seen:     ", seen)),
    ...(where.length === 0 ? [] : labelled("  where:    ", where.join("\n"))),
  ];
}

/** How many places of a stack are shown. The whole of it is in the other forms of a report. */
const placesMax = 4;

/** The folder of this package's code, as it is in the places of a stack. */
const kit = new URL("../", import.meta.url);
const kitPlaces: readonly string[] = [kit.href, fileURLToPath(kit)];

/** The places of the deepest cause, outside of Node and of the kit, with what the causes say. None where it went wrong in the kit alone. */
function places(stack: string): readonly string[] {
  const [, ...causes] = stack.split("\ncaused by: ");
  const deepest = causes.at(-1) ?? stack;
  const frames = deepest.split("\n").filter((line) => /^ {4}at /.test(line) && isForeign(line));
  return [
    ...frames.slice(0, placesMax).map((line) => line.trim()),
    ...causes.map((cause) => `caused by: ${cause.split("\n    at ")[0] ?? ""}`),
  ];
}

function isForeign(place: string): boolean {
  return !/[( ]node:/.test(place) && kitPlaces.every((it) => !place.includes(it));
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
