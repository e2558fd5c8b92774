import type { ContractCase } from "@persys/conformance";
import { attemptCase } from "../src/runner/attempt-case.ts";

/** No case takes nearly so long in made time: what is not over by then hangs. */
const caseTimeoutMs = 30_000;

/** Something under trial: a mutant, or a sound one for comparison. */
export interface Suspect {
  readonly kind: "runtime" | "store" | "server";
  /** Unique in its kind. */
  readonly name: string;
  /** What it does wrong, as a sentence; undefined for a sound one. */
  readonly breaks?: string;
  readonly clauseHint?: string;
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

/** Which cases a suspect is held to. */
export interface TrialOptions {
  readonly seed: number;
  /** Only the cases for which it says yes. Default: all. */
  readonly isWanted?: (contractCase: ContractCase) => boolean;
  /** Called before every case. */
  readonly onCase?: (contractCase: ContractCase) => void;
}

/** The first case that the suspect fails, in the order of the contract; undefined when it keeps them all. */
export async function firstFinding(
  suspect: Suspect,
  { seed, isWanted = () => true, onCase = () => {} }: TrialOptions,
): Promise<Finding | undefined> {
  const signal = new AbortController().signal;
  for (const contractCase of suspect.cases().filter(isWanted)) {
    onCase(contractCase);
    const { failure } = await attemptCase(contractCase, { seed, signal, timeoutMs: caseTimeoutMs });
    if (failure === undefined) continue;
    const { clause, id: caseId, level } = contractCase;
    return { clause, caseId, level, seed, why: failure.message };
  }
  return undefined;
}
