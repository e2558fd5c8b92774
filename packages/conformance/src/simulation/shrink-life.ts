import { asyncProperty, check } from "fast-check";
import type { Command, Life } from "./life.ts";
import { type LifeNames, livesLike } from "./life-arbitrary.ts";
import { type LifeOptions, liveThrough } from "./simulated-life.ts";
import type { SimulationViolation } from "./simulation-violation.ts";

/** How far a life is shrunk. */
export interface ShrinkOptions extends Pick<LifeOptions, "model"> {
  readonly names: LifeNames;
  /** Stop looking for a simpler one after so long, in real milliseconds. Default 60,000. */
  readonly withinMs?: number;
}

/** What shrinking came to. */
export interface Shrunk {
  readonly life: Life;
  readonly livesTried: number;
}

/**
 * The simplest life found that breaks the same invariant as this one: first with nothing delayed, everything in order and as few commands as
 * will do, then, found by fast-check, with simpler commands and shorter waits. The life itself when it breaks none.
 */
export async function shrinkLife(life: Life, options: ShrinkOptions): Promise<Shrunk> {
  const { violation } = await liveThrough(life, options);
  if (violation === undefined) return { life, livesTried: 1 };
  const trials = new Trials(options, violation.invariant);
  const calmed = await calm(life, trials);
  const short: Life = { ...calmed, commands: await fewest(calmed, trials) };
  return { life: await simplest(short, trials, options), livesTried: trials.count };
}

/** Lives simpler lives and sees whether they end in the same way. */
class Trials {
  readonly #options: ShrinkOptions;
  readonly #invariant: SimulationViolation["invariant"];
  readonly #endMs: number;
  #count = 1;

  constructor(options: ShrinkOptions, invariant: SimulationViolation["invariant"]) {
    this.#options = options;
    this.#invariant = invariant;
    this.#endMs = performance.now() + (options.withinMs ?? 60_000);
  }

  get count(): number {
    return this.#count;
  }

  /** The real milliseconds that are left. */
  get leftMs(): number {
    return Math.max(0, this.#endMs - performance.now());
  }

  async endsSo(life: Life): Promise<boolean> {
    if (this.leftMs === 0) return false;
    this.#count += 1;
    const { violation } = await liveThrough(life, { model: this.#options.model });
    return violation?.invariant === this.#invariant;
  }
}

/** Takes away what a scheduler and the circumstances add, one after the other. */
async function calm(life: Life, trials: Trials): Promise<Life> {
  const calmer: readonly Partial<Life>[] = [
    { delayed: [] },
    { shuffled: false },
    { narrow: false },
    { events: true },
    ...life.delayed.map((op) => ({ delayed: [op] })),
  ];
  let calmest = life;
  for (const change of calmer) {
    if (change.delayed !== undefined && calmest.delayed.length <= change.delayed.length) continue;
    const tried = { ...calmest, ...change };
    if (await trials.endsSo(tried)) calmest = tried;
  }
  return calmest;
}

/** Takes away commands, by halves, by quarters and so on, until none can be taken away. */
async function fewest(life: Life, trials: Trials): Promise<readonly Command[]> {
  let { commands } = life;
  for (let size = Math.ceil(commands.length / 2); size >= 1; ) {
    const before = commands.length;
    for (let end = commands.length; end > 0; end -= size) {
      const fewer = [...commands.slice(0, Math.max(0, end - size)), ...commands.slice(end)];
      if (await trials.endsSo({ ...life, commands: fewer })) commands = fewer;
    }
    // What could not be missed before may be by now.
    if (size > 1 || commands.length === before) size = Math.floor(size / 2);
  }
  return commands;
}

async function simplest(life: Life, trials: Trials, { names }: ShrinkOptions): Promise<Life> {
  const endsOtherwise = asyncProperty(
    livesLike(life, names),
    async (tried) => !(await trials.endsSo(tried)),
  );
  const { counterexample } = await check(endsOtherwise, {
    examples: [[life]],
    numRuns: 1,
    seed: life.seed,
    endOnFailure: false,
    interruptAfterTimeLimit: trials.leftMs,
  });
  return counterexample?.[0] ?? life;
}
