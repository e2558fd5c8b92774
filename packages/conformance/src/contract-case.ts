/** How binding a case is, in the words of RFC 2119. */
export type ContractLevel = "MUST" | "SHOULD" | "MAY";

/** One promise of a contract and the way to find out whether it is kept. Knows no test runner: a test file makes one test of each. */
export interface ContractCase {
  /** Stable name, such as `start-is-idempotent`. */
  readonly id: string;
  readonly level: ContractLevel;
  /** The promise, as a fact in the present tense. */
  readonly title: string;
  /** Resolves when the promise is kept. Makes and clears away all it needs. @throws what tells how it is broken. */
  readonly run: () => Promise<void>;
}
