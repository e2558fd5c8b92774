import type { ContractCase } from "../contract-case.ts";
import { describeFailure } from "./describe-failure.ts";
import type { CaseFailure, CaseOutcome } from "./report.ts";

/** How one case is run once. */
export interface AttemptOptions {
  readonly seed: number;
  /** Aborts when the result is no longer wanted. */
  readonly signal: AbortSignal;
  /** How long the case may take. */
  readonly timeoutMs: number;
  /** How long it may take to clear away once its signal has aborted. Default 5 seconds, or as long as the case may take if that is less. */
  readonly graceMs?: number;
}

/** What came of it. */
export interface Attempt {
  readonly outcome: CaseOutcome;
  readonly because?: string;
  readonly failure?: CaseFailure;
  /** What was thrown, for a `failure`. */
  readonly thrown?: unknown;
  readonly durationMs: number;
}

/** How a case ended by itself. */
type Ending = { readonly kind: "kept" } | { readonly kind: "broken"; readonly thrown: unknown };

const defaultGraceMs = 5_000;

/**
 * Runs a case once. A case that takes too long has failed; its signal aborts, and it is left to itself when it does not end then either.
 * Never rejects.
 */
export async function attemptCase(
  contractCase: ContractCase,
  options: AttemptOptions,
): Promise<Attempt> {
  const { seed, timeoutMs, graceMs = Math.min(defaultGraceMs, timeoutMs) } = options;
  const notWanted = new AbortController();
  let because: string | undefined;
  const startMs = performance.now();
  const ending = runToEnd(contractCase, {
    seed,
    signal: AbortSignal.any([options.signal, notWanted.signal]),
    unjudged: (reason) => {
      because ??= reason;
    },
  });
  const first = await firstOf(ending, { signal: options.signal, timeoutMs });
  const durationMs = Math.round(performance.now() - startMs);
  if (first === "interrupted") {
    await firstOf(ending, { timeoutMs: graceMs });
    return { outcome: "not-run", because: "interrupted", durationMs };
  }
  if (first === "late") {
    notWanted.abort(new Error(`the case was given ${timeoutMs} ms`));
    const last = await firstOf(ending, { timeoutMs: graceMs });
    return { ...lateness({ timeoutMs, graceMs, last }), durationMs };
  }
  if (first.kind === "broken") {
    const { thrown } = first;
    return { outcome: "failed", failure: describeFailure(thrown), thrown, durationMs };
  }
  if (because !== undefined) return { outcome: "unjudged", because, durationMs };
  return { outcome: "passed", durationMs };
}

async function runToEnd(
  contractCase: ContractCase,
  context: Parameters<ContractCase["run"]>[0],
): Promise<Ending> {
  try {
    await contractCase.run(context);
    return { kind: "kept" };
  } catch (thrown) {
    return { kind: "broken", thrown };
  }
}

/** The ending, or what came before it. */
async function firstOf(
  ending: Promise<Ending>,
  until: { readonly signal?: AbortSignal; readonly timeoutMs: number },
): Promise<Ending | "interrupted" | "late"> {
  const { promise: cut, resolve } = Promise.withResolvers<"interrupted" | "late">();
  const onAbort = (): void => resolve("interrupted");
  if (until.signal?.aborted === true) onAbort();
  until.signal?.addEventListener("abort", onAbort);
  const timer = setTimeout(() => resolve("late"), until.timeoutMs);
  try {
    return await Promise.race([ending, cut]);
  } finally {
    clearTimeout(timer);
    until.signal?.removeEventListener("abort", onAbort);
  }
}

function lateness(late: {
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly last: Ending | "interrupted" | "late";
}): Pick<Attempt, "outcome" | "failure" | "thrown"> {
  const { last } = late;
  const beginning = `it did not end within ${seconds(late.timeoutMs)}`;
  if (typeof last === "string") {
    const message = `${beginning}, nor within ${seconds(late.graceMs)} after its signal had aborted`;
    return { outcome: "failed", failure: { message }, thrown: new Error(message) };
  }
  const told = last.kind === "broken" ? describeFailure(last.thrown) : undefined;
  const failure = { ...told, message: beginning };
  const cause = last.kind === "broken" ? { cause: last.thrown } : {};
  return { outcome: "failed", failure, thrown: new Error(beginning, cause) };
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
