import { nearest } from "@persys/client/contract";
import { LineCounter, parseDocument, type Document } from "yaml";
import { z } from "zod";
import type { ContractCase } from "../contract-case.ts";

/** A case that is known to fail, and why that is so for now. */
export interface ExpectedFailure {
  readonly id: string;
  readonly because: string;
}

/** A list of expected failures that cannot be used. */
export class ExpectedFailuresError extends Error {
  override readonly name = "ExpectedFailuresError";
  /** Each with its place, such as `known.yaml:3:5: …`. */
  readonly problems: readonly string[];

  constructor(file: string, problems: readonly string[]) {
    super(`${file} is no list of expected failures`);
    this.problems = problems;
  }
}

const listSchema = z.array(
  z.strictObject({ id: z.string().min(1), because: z.string().trim().min(1) }),
);

/**
 * A list of expected failures from YAML: a sequence of `id` and `because`. No text at all is an empty list.
 * @throws {ExpectedFailuresError} with every problem when it is something else, names a case twice or one that is not among `cases`.
 */
export function parseExpectedFailures(
  text: string,
  options: { readonly file: string; readonly cases: readonly ContractCase[] },
): readonly ExpectedFailure[] {
  const { file, cases } = options;
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => {
      const [sentence = message] = message.split("\n");
      return `${at(pos[0])}: ${sentence}`;
    });
    throw new ExpectedFailuresError(file, problems);
  }
  const parsed = listSchema.safeParse(document.toJS() ?? []);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${at(offsetOf(document, issue.path))}: ${pathText(issue.path)}${wordsFor(issue)}`,
    );
    throw new ExpectedFailuresError(file, problems);
  }
  const problems = problemsOf(parsed.data, cases).map(
    ([index, problem]) => `${at(offsetOf(document, [index, "id"]))}: ${problem}`,
  );
  if (problems.length > 0) throw new ExpectedFailuresError(file, problems);
  return parsed.data;
}

/** What is wrong at a place, in words of this list and not of its schema. */
function wordsFor(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.join(" and ");
    return `${keys} ${issue.keys.length === 1 ? "is" : "are"} unknown: an entry has id and because`;
  }
  if (issue.path.length === 0) return "the list has to be a sequence of entries";
  if (issue.path.length === 1) return "it has to be an entry with id and because";
  return issue.code === "invalid_type" ? "it is missing, or no text" : "it is empty";
}

function problemsOf(
  list: readonly ExpectedFailure[],
  cases: readonly ContractCase[],
): readonly (readonly [index: number, problem: string])[] {
  const ids = cases.map(({ id }) => id);
  return list.flatMap(({ id }, index): readonly (readonly [number, string])[] => {
    if (list.findIndex((other) => other.id === id) < index) {
      return [[index, `${id} is in the list already`]];
    }
    if (ids.includes(id)) return [];
    const meant = nearest(id, ids);
    const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
    return [[index, `there is no case ${id}${hint}`]];
  });
}

/** Where the nearest thing that there is on the way to `path` begins. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) {
      return Number(node.range[0]);
    }
  }
  return 0;
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "";
  return `${path.map((part) => (typeof part === "number" ? `entry ${part + 1}` : String(part))).join(" ")}: `;
}
