import * as fc from "fast-check";
import type { Life } from "./life.ts";
import { type LifeNames, livesLike } from "./life-arbitrary.ts";
import { type LifeOptions, liveThrough } from "./simulated-life.ts";

/** How far a life is shrunk. */
export interface ShrinkOptions extends Pick<LifeOptions, "model"> {
  readonly names: LifeNames;
  /** Give up looking for a simpler one after so long, in real milliseconds. Default 60,000. */
  readonly withinMs?: number;
}

/** What shrinking came to. */
export interface Shrunk {
  readonly life: Life;
  /** How many simpler lives ended badly in the same way, each simpler than the one before. */
  readonly steps: number;
  readonly livesTried: number;
}

/**
 * The simplest life found that breaks the same invariant as this one: with fewer commands, nothing delayed, everything in order, shorter
 * waits. The life itself when it breaks none.
 */
export async function shrinkLife(life: Life, options: ShrinkOptions): Promise<Shrunk> {
  const { model, names, withinMs = 60_000 } = options;
  const { violation } = await liveThrough(life, { model });
  if (violation === undefined) return { life, steps: 0, livesTried: 1 };
  let livesTried = 1;
  const sameFate = fc.asyncProperty(livesLike(life, names), async (tried) => {
    livesTried += 1;
    const outcome = await liveThrough(tried, { model });
    return outcome.violation?.invariant !== violation.invariant;
  });
  const details = await fc.check(sameFate, {
    examples: [[life]],
    numRuns: 1,
    seed: life.seed,
    endOnFailure: false,
    interruptAfterTimeLimit: withinMs,
  });
  const [shrunk] = details.counterexample ?? [];
  return { life: shrunk ?? life, steps: details.numShrinks, livesTried };
}
