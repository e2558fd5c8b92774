import { inspect } from "node:util";
import { callText } from "./boundaries.ts";
import type { MatrixFailure, StoryResult } from "./crash-matrix.ts";
import type { Finding } from "./judge.ts";
import { placesText } from "./places.ts";
import type { Account } from "./play.ts";

/** A story and what came of it, in a line. */
export function storyLine({ story, boundaries, runs, failures }: StoryResult): string {
  const verdict = failures.length === 0 ? "clean" : `${failures.length} not clean`;
  const counts = `${String(boundaries).padStart(4)} boundaries ${String(runs).padStart(6)} runs`;
  return `${failures.length === 0 ? "✔" : "✘"} ${story.padEnd(24)}${counts}  ${verdict}`;
}

/** The last line. */
export function closingLine(results: readonly StoryResult[]): string {
  const sum = (of: (it: StoryResult) => number): number =>
    results.reduce((total, it) => total + of(it), 0);
  const failed = sum((it) => it.failures.length);
  const verdict = failed === 0 ? "all clean" : `${failed} not clean`;
  return `${sum((it) => it.boundaries)} boundaries, ${sum((it) => it.runs)} runs, ${verdict}`;
}

/** A life that was not clean: where it was struck, what is wrong, and how to see it again. */
export function crashFailureLines(failure: MatrixFailure): readonly string[] {
  const { story, places, where, repeats, findings } = failure;
  const at = placesText(places);
  const silent = repeats ? "" : " --silent-client";
  const replay = at === "" ? "" : ` --boundary '${at}'${silent}`;
  return [
    `  ${story}${at === "" ? ", undisturbed" : `, boundary ${at}`}`,
    ...where.map((text) => `    struck:    ${text}`),
    ...(repeats ? [] : ["    client:    does not ask again"]),
    ...findings.flatMap(findingLines),
    `    replay:    persys-conformance crash-matrix --story ${story}${replay}`,
  ];
}

function findingLines({ promise, expected, seen }: Finding): readonly string[] {
  return [
    `    broken:    ${promise}`,
    `      expected ${textOf(expected)}`,
    `      seen     ${textOf(seen)}`,
  ];
}

/** Every call of a life, in order, with its times and the agent that made it. */
export function lifeLines({ calls, boundaries }: Account): readonly string[] {
  const numbers = calls.map(() => [] as number[]);
  for (const [at, { call }] of boundaries.entries()) numbers[call]?.push(at + 1);
  return calls.map(({ call, agent, beganMs, endedMs }, at) => {
    const range = numbers[at] ?? [];
    const around = range.length === 0 ? "" : `${Math.min(...range)}-${Math.max(...range)}`;
    const end = endedMs === undefined ? "never returned" : `${endedMs - beganMs} ms`;
    return `${around.padStart(9)}  ${String(beganMs).padStart(8)} ms  agent ${agent}  ${callText(call)} (${end})`;
  });
}

function textOf(value: unknown): string {
  return value === undefined
    ? "nothing"
    : inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY });
}
