import type { ContractCase } from "@persys/conformance";
import { attemptCase } from "../src/runner/attempt-case.ts";

/** No case takes nearly so long, in made time or on a busy machine: what is not over by then hangs. */
const caseTimeoutMs = 180_000;

/** Something under trial: a mutant, or a sound one for comparison. */
export interface Suspect {
  readonly kind: "runtime" | "store" | "server";
  /** Unique in its kind. */
  readonly name: string;
  /** What it does wrong, as a sentence; undefined for a sound one. */
  readonly breaks?: string;
  readonly clauseHint?: string;
  /** The cases it is held to: those that are at least so binding. Default MUST. */
  readonly level?: "MUST" | "SHOULD";
  /** The contract it is held to, made anew with every call. */
  readonly cases: () => readonly ContractCase[];
}

/** How a suspect was found out. */
export interface Finding {
  readonly clause: string;
  readonly caseId: string;
  readonly level: ContractCase["level"];
  readonly seed: number;
  /** What was wrong, in the words of the case. */
  readonly why: string;
}

/**
 * The first case that the suspect fails: the cases made for what it does wrong come first, then all in the order of the contract. Undefined
 * when it keeps them all. `clause`: only cases of that one.
 */
export async function firstFinding(
  suspect: Suspect,
  seed: number,
  clause?: string,
): Promise<Finding | undefined> {
  const signal = new AbortController().signal;
  const isHinted = (it: ContractCase): boolean => it.clause === suspect.clauseHint;
  const cases = suspect
    .cases()
    .filter((it) => isBinding(it, suspect) && (clause ?? it.clause) === it.clause)
    .toSorted((a, b) => Number(isHinted(b)) - Number(isHinted(a)));
  for (const contractCase of cases) {
    const { failure } = await attemptCase(contractCase, { seed, signal, timeoutMs: caseTimeoutMs });
    if (failure === undefined) continue;
    const { id: caseId, level } = contractCase;
    return { clause: contractCase.clause, caseId, level, seed, why: failure.message };
  }
  return undefined;
}

function isBinding({ level }: ContractCase, suspect: Suspect): boolean {
  return level === "MUST" || level === suspect.level;
}
