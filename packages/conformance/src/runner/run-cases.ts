import type { ContractCase, ContractLevel } from "../contract-case.ts";
import { type Attempt, attemptCase } from "./attempt-case.ts";
import { chooseCases } from "./choose-cases.ts";
import { describeFailure } from "./describe-failure.ts";
import { kitVersion } from "./kit-version.ts";
import type { CaseFailure, CaseResult, Report } from "./report.ts";
import { nextTurn, StrayErrors } from "./stray-errors.ts";

/** How the cases of a contract are run. */
export interface RunOptions {
  /** Which contract, for the report. */
  readonly contract: string;
  /** What is judged, for the report. */
  readonly subject: string;
  /** Everything random follows from it. A 32-bit unsigned integer. */
  readonly seed: number;
  /** Ends the run: what runs is aborted, what has not run is told as such. Left out: never. */
  readonly signal?: AbortSignal;
  /** How many cases run at a time. Default 1; more takes subjects that do not see each other. */
  readonly concurrency?: number;
  /** Ids of cases or clauses to run. Left out: all. */
  readonly only?: readonly string[];
  /** The least binding level to run. Left out: all. */
  readonly level?: ContractLevel;
  /** How long one case may take, in milliseconds. Default 60,000. */
  readonly caseTimeoutMs?: number;
  /** How long a case may take to clear away once it is aborted, in milliseconds. Default 5,000, or `caseTimeoutMs` if that is less. */
  readonly graceMs?: number;
  /** Told of every case that begins and ends. */
  readonly onProgress?: (progress: RunProgress) => void;
}

/** A case begins, or has ended with a result. */
export type RunProgress = {
  readonly contractCase: ContractCase;
  /** How many cases have ended, and how many there are. */
  readonly done: number;
  readonly total: number;
} & ({ readonly kind: "begins" } | { readonly kind: "ended"; readonly result: CaseResult });

/** How long a case may take when nothing else was said. */
export const defaultCaseTimeoutMs = 60_000;

/**
 * Runs the cases and reports on each. A case that fails is run once more with the same seed, to tell what fails always from what depends on
 * chance; it has failed either way. While it runs, rejections that nobody handles fail the case they come from instead of ending the process.
 * Never rejects for what a case does.
 * @throws {UnknownCaseError} when `only` names a case that is not there.
 */
export async function runCases(
  cases: readonly ContractCase[],
  options: RunOptions,
): Promise<Report> {
  const chosen = chooseCases(cases, options);
  const startedAt = new Date().toISOString();
  const run = new Run(chosen, options);
  const results = await run.all();
  return {
    contract: options.contract,
    subject: options.subject,
    kitVersion: kitVersion(),
    seed: options.seed,
    startedAt,
    endedAt: new Date().toISOString(),
    interrupted: options.signal?.aborted === true,
    results,
    strays: run.orphans,
  };
}

class Run {
  readonly orphans: CaseFailure[] = [];
  readonly #cases: readonly ContractCase[];
  readonly #options: RunOptions;
  readonly #signal: AbortSignal;
  readonly #strays = new StrayErrors((error) => this.orphans.push(describeFailure(error)));
  readonly #leftBehind = new Map<ContractCase, unknown[]>();
  #done = 0;

  constructor(cases: readonly ContractCase[], options: RunOptions) {
    this.#cases = cases;
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  async all(): Promise<readonly CaseResult[]> {
    const results = new Map<ContractCase, CaseResult>();
    const waiting = this.#cases.values();
    const work = async (): Promise<void> => {
      for (const contractCase of waiting) results.set(contractCase, await this.#one(contractCase));
    };
    const stopListening = this.#strays.listen();
    try {
      const lanes = Math.max(1, this.#options.concurrency ?? 1);
      await Promise.all(Array.from({ length: Math.min(lanes, this.#cases.length) }, work));
      await nextTurn();
    } finally {
      stopListening();
    }
    return this.#cases.flatMap((contractCase) => {
      const result = results.get(contractCase);
      return result === undefined ? [] : [this.#blame(contractCase, result)];
    });
  }

  async #one(contractCase: ContractCase): Promise<CaseResult> {
    this.#tell({ kind: "begins", contractCase });
    const result = resultOf(contractCase, await this.#judge(contractCase));
    this.#done += 1;
    this.#tell({ kind: "ended", contractCase, result: this.#blame(contractCase, result) });
    return result;
  }

  async #judge(contractCase: ContractCase): Promise<Attempt> {
    if (this.#signal.aborted) {
      return { outcome: "not-run", because: "interrupted", durationMs: 0 };
    }
    const first = await this.#attempt(contractCase);
    if (first.failure === undefined || this.#signal.aborted) return first;
    const again = await this.#attempt(contractCase);
    return { ...first, failure: { ...first.failure, rerun: again.outcome } };
  }

  async #attempt(contractCase: ContractCase): Promise<Attempt> {
    const { seed, caseTimeoutMs = defaultCaseTimeoutMs, graceMs } = this.#options;
    const left = this.#leftBehind.get(contractCase) ?? [];
    this.#leftBehind.set(contractCase, left);
    const leftBefore = left.length;
    const attempt = await this.#strays.watch({ onStray: (error) => left.push(error) }, () =>
      attemptCase(contractCase, {
        seed,
        signal: this.#signal,
        timeoutMs: caseTimeoutMs,
        ...(graceMs === undefined ? {} : { graceMs }),
      }),
    );
    return left.length === leftBefore ? attempt : withStray(attempt, left[leftBefore]);
  }

  /** A case that passed before something it left behind failed has failed. */
  #blame(contractCase: ContractCase, result: CaseResult): CaseResult {
    const [stray] = this.#leftBehind.get(contractCase) ?? [];
    return stray === undefined ? result : withStray(result, stray);
  }

  #tell(
    step: Pick<RunProgress, "contractCase"> &
      ({ readonly kind: "begins" } | { readonly kind: "ended"; readonly result: CaseResult }),
  ): void {
    this.#options.onProgress?.({ ...step, done: this.#done, total: this.#cases.length });
  }
}

function resultOf(contractCase: ContractCase, attempt: Attempt): CaseResult {
  const { id, clause, level, title } = contractCase;
  const { outcome, because, failure, durationMs } = attempt;
  return {
    id,
    clause,
    level,
    title,
    outcome,
    ...(because === undefined ? {} : { because }),
    ...(failure === undefined ? {} : { failure }),
    durationMs,
  };
}

function withStray<Judged extends Pick<CaseResult, "outcome" | "because" | "failure">>(
  judged: Judged,
  stray: unknown,
): Judged {
  if (judged.outcome !== "passed" && judged.outcome !== "unjudged") return judged;
  const { because: _because, ...rest } = judged;
  const told = describeFailure(stray);
  const message = `an error that it left behind was handled by nobody: ${told.message}`;
  return { ...rest, outcome: "failed", failure: { ...told, message } } as Judged;
}
