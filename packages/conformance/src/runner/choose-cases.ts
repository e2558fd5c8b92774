import { nearest } from "@persys/client/contract";
import type { ContractCase, ContractLevel } from "../contract-case.ts";

/** The levels, the most binding first. */
const levels: readonly ContractLevel[] = ["MUST", "SHOULD", "MAY"];

/** Which cases are meant. */
export interface CaseChoice {
  /** Ids of cases, or clauses. Left out: all. */
  readonly only?: readonly string[];
  /** The least binding level that is wanted. Left out: MAY, which is all of them. */
  readonly level?: ContractLevel;
}

/** A case or clause that the contract does not have. */
export class UnknownCaseError extends Error {
  override readonly name = "UnknownCaseError";
  readonly word: string;
  /** What was probably meant. */
  readonly meant: string | undefined;

  constructor(word: string, cases: readonly ContractCase[]) {
    const meant = nearest(word, [...new Set(cases.flatMap(({ id, clause }) => [id, clause]))]);
    const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
    super(`there is no case or clause ${word}${hint}`);
    this.word = word;
    this.meant = meant;
  }
}

/** The chosen cases, in their order. @throws {UnknownCaseError} when `only` names one that is not there. */
export function chooseCases(
  cases: readonly ContractCase[],
  { only, level = "MAY" }: CaseChoice,
): readonly ContractCase[] {
  for (const word of only ?? []) {
    if (!cases.some((contractCase) => isNamed(contractCase, word))) {
      throw new UnknownCaseError(word, cases);
    }
  }
  const wanted = levels.slice(0, levels.indexOf(level) + 1);
  return cases.filter(
    (contractCase) =>
      wanted.includes(contractCase.level) &&
      (only === undefined || only.some((word) => isNamed(contractCase, word))),
  );
}

/** Whether `word` is the id of the case or its clause. Upper and lower case do not count. */
function isNamed({ id, clause }: ContractCase, word: string): boolean {
  const wanted = word.toLowerCase();
  return id.toLowerCase() === wanted || clause.toLowerCase() === wanted;
}
