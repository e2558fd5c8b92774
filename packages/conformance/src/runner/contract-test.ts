import type { ContractCase, ContractLevel } from "../contract-case.ts";
import { attemptCase } from "./attempt-case.ts";
import { UnknownCaseError } from "./choose-cases.ts";
import { failureLines } from "./failure-text.ts";
import { defaultCaseTimeoutMs } from "./run-cases.ts";

/** How the cases of a contract become tests of a test runner. */
export interface ContractTestOptions {
  /** Everything random follows from it. Default: `PERSYS_CONFORMANCE_SEED` of the environment, or one by chance; a failure tells it. */
  readonly seed?: number;
  /** How long one case may take, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /**
   * The ids of exactly those cases that cannot be judged for this subject: another one that cannot fails, and so does one of these that can.
   * None is skipped then. Left out: what cannot be judged is skipped, with the reason.
   */
  readonly unjudged?: readonly string[];
  /** The ids of cases that fail for now, for a reason that is known. Each has to fail: one that passes fails, as it is to be taken off. */
  readonly expectedFailures?: readonly string[];
  /** Whether the cases run at the same time; takes subjects that do not see each other. Default: one after the other. */
  readonly concurrent?: boolean;
  /** The least binding level that fails a test when it is broken; what is below is skipped with the failure as reason. Default MUST. */
  readonly failOn?: ContractLevel;
}

/** What a test runner is to make of a case that did not fail. */
export type TestVerdict =
  | { readonly kind: "passed" }
  | { readonly kind: "skipped"; readonly because: string };

/** How a promise is broken, in all the words there are. */
export class BrokenClauseError extends Error {
  override readonly name = "BrokenClauseError";
}

/** The cases of a contract, ready to be run as tests. */
export class ContractTests {
  readonly #options: ContractTestOptions;
  readonly #seed: number;

  /**
   * @throws {UnknownCaseError} when the options name a case that is not there.
   * @throws {RangeError} when `PERSYS_CONFORMANCE_SEED` is needed and no seed.
   */
  constructor(cases: readonly ContractCase[], options: ContractTestOptions = {}) {
    const ids = new Set(cases.map(({ id }) => id));
    for (const id of [...(options.unjudged ?? []), ...(options.expectedFailures ?? [])]) {
      if (!ids.has(id)) throw new UnknownCaseError(id, cases);
    }
    this.#options = options;
    this.#seed = options.seed ?? seedOfEnvironment() ?? randomSeed();
  }

  /** More than a case and its clearing away can take, so that the kit tells what took too long and not the test runner. In milliseconds. */
  get testTimeoutMs(): number {
    return this.#timeoutMs + 2 * graceMs;
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? defaultCaseTimeoutMs;
  }

  /** What a test is called. */
  titleOf({ clause, level, title }: ContractCase): string {
    return `${clause} ${level}: ${title}`;
  }

  /** Runs a case. @throws {BrokenClauseError} when it fails, or does not fail although it was expected to. */
  async run(contractCase: ContractCase, signal: AbortSignal): Promise<TestVerdict> {
    const { failOn = "MUST", expectedFailures = [] } = this.#options;
    const seed = this.#seed;
    const attempt = await attemptCase(contractCase, {
      seed,
      signal,
      timeoutMs: this.#timeoutMs,
      graceMs,
    });
    const isExpected = expectedFailures.includes(contractCase.id);
    switch (attempt.outcome) {
      case "failed": {
        if (isExpected) return { kind: "passed" };
        const { failure } = attempt;
        const text = failureLines(
          { ...contractCase, ...(failure === undefined ? {} : { failure }) },
          { seed, replay: `set PERSYS_CONFORMANCE_SEED=${seed}` },
        ).join("\n");
        if (bindingness(contractCase.level) < bindingness(failOn)) {
          return { kind: "skipped", because: text };
        }
        throw brokenClause(text, attempt.thrown);
      }
      case "passed":
        if (isExpected) {
          throw new BrokenClauseError("it passes: take it off the expected failures");
        }
        return this.#judged(contractCase);
      case "unjudged":
        return this.#unjudged(contractCase, attempt.because ?? "it does not say why");
      case "not-run":
        return { kind: "skipped", because: attempt.because ?? "interrupted" };
    }
  }

  #judged({ id }: ContractCase): TestVerdict {
    if (this.#options.unjudged?.includes(id) !== true) return { kind: "passed" };
    throw new BrokenClauseError("it can be judged: take it off the list of those that cannot");
  }

  #unjudged({ id }: ContractCase, because: string): TestVerdict {
    const { unjudged } = this.#options;
    if (unjudged === undefined) return { kind: "skipped", because };
    if (unjudged.includes(id)) return { kind: "passed" };
    throw new BrokenClauseError(`it cannot be judged: ${because}`);
  }
}

/** How long a case may take to clear away after it took too long, in milliseconds. */
const graceMs = 2_000;

/** A seed by chance. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 0x1_0000_0000);
}

/** @throws {RangeError} when it is no seed: the run it was to repeat would be another one. */
function seedOfEnvironment(): number | undefined {
  const given = process.env["PERSYS_CONFORMANCE_SEED"];
  if (given === undefined || given === "") return undefined;
  if (/^\d+$/.test(given) && Number(given) <= 0xffff_ffff) return Number(given);
  throw new RangeError(
    `PERSYS_CONFORMANCE_SEED is ${JSON.stringify(given)}, but must be a whole number up to 4294967295`,
  );
}

function bindingness(level: ContractLevel): number {
  return { MUST: 2, SHOULD: 1, MAY: 0 }[level];
}

/** Shows the place where the kit noticed it, not this one. */
function brokenClause(text: string, thrown: unknown): BrokenClauseError {
  const error = new BrokenClauseError(text, { cause: thrown });
  const frames = thrown instanceof Error ? thrown.stack?.match(/^ {4}at .*$/gm) : undefined;
  if (frames !== undefined && frames !== null) {
    error.stack = [`${error.name}: ${text}`, ...frames].join("\n");
  }
  return error;
}
