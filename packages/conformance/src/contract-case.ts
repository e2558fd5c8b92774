/** How binding a clause is, in the words of RFC 2119. */
export type ContractLevel = "MUST" | "SHOULD" | "MAY";

/** What a case is given to run with. */
export interface CaseContext {
  /** Everything random in the case follows from it: the same seed makes the same case. A 32-bit unsigned integer. */
  readonly seed: number;
  /** Aborts when the result is no longer wanted. A case gives up promptly then, and still clears away what it made. */
  readonly signal: AbortSignal;
  /**
   * Says that the clause could not be judged, in a sentence that names what the subject lacks for that. A case that says so and does not
   * throw counts as neither passed nor failed.
   */
  readonly unjudged: (because: string) => void;
}

/** One clause of a contract and the way to find out whether it is kept. Knows no test runner. */
export interface ContractCase {
  /** Stable name, such as `start-is-idempotent`. Unique in its contract. */
  readonly id: string;
  /** The clause of the contract's document that it judges, such as `RT-014`. Several cases may judge one clause. */
  readonly clause: string;
  readonly level: ContractLevel;
  /** The promise, as a fact in the present tense. */
  readonly title: string;
  /**
   * Resolves when the promise is kept. Makes and clears away all it needs.
   * @throws {ContractViolation} or anything else that tells how it is broken.
   */
  readonly run: (context: CaseContext) => Promise<void>;
}

/** A context for running one case by hand. `seed` defaults to 1. What was left unjudged is handed to `unjudged`. */
export function caseContext(options: Partial<CaseContext> = {}): CaseContext {
  return { seed: 1, signal: new AbortController().signal, unjudged: () => {}, ...options };
}
