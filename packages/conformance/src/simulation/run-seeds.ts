import { setImmediate as turn } from "node:timers/promises";
import { SeededRandom } from "../seeded-random.ts";
import { type AllHits, Hits } from "./hits.ts";
import { type LifeNames, lifeOf, moreOf } from "./life-arbitrary.ts";
import type { Life } from "./life.ts";
import type { RuntimeModelFactory } from "./runtime-model.ts";
import { type LifeOutcome, liveThrough } from "./simulated-life.ts";
import { SimulationClock } from "./simulation-clock.ts";
import type { SimulationViolation } from "./simulation-violation.ts";

/** Commands that a life has besides the applies that it begins with, unless something else is asked for. */
export const commandsOfLife = 60;
/** Of a life that has to be made longer, so many at a time. */
const commandsOfPart = 20;

/** A seed whose life broke an invariant. */
export interface BadSeed {
  readonly seed: number;
  readonly invariant: SimulationViolation["invariant"];
  readonly message: string;
  /** The life as it was lived. */
  readonly life: Life;
}

/** What came of some seeds. */
export interface SeedsOutcome {
  readonly seeds: number;
  readonly portCalls: number;
  /** The fewest port calls and workloads that any life had before it healed. */
  readonly portCallsMin: number;
  readonly workloadsMin: number;
  readonly hits: AllHits;
  readonly bad: readonly BadSeed[];
}

/** Which lives are lived. */
export interface SeedsRequest {
  readonly seeds: readonly number[];
  readonly model: RuntimeModelFactory;
  readonly commands: number;
}

/** Nothing has been lived yet. */
export const nothingLived: SeedsOutcome = {
  seeds: 0,
  portCalls: 0,
  portCallsMin: Number.POSITIVE_INFINITY,
  workloadsMin: Number.POSITIVE_INFINITY,
  hits: new Hits().all(),
  bad: [],
};

/** Lives the life of one seed. */
export function liveSeed(
  seed: number,
  request: Pick<SeedsRequest, "model" | "commands"> & { readonly trace?: boolean },
): Promise<LifeOutcome> {
  const { model, commands, trace = false } = request;
  const names = namesOf(model);
  return liveThrough(lifeOf(seed, names, commands), {
    model,
    trace,
    more: (part) => moreOf(seed, names, { part, length: commandsOfPart }),
  });
}

/** Lives the lives of some seeds, one after the other. */
export async function runSeeds(request: SeedsRequest): Promise<SeedsOutcome> {
  const hits = new Hits();
  const bad: BadSeed[] = [];
  let lived = nothingLived;
  for (const seed of request.seeds) {
    const outcome = await liveSeed(seed, request);
    hits.addAll(outcome.hits);
    const { violation, life, workloads, portCallsInTrouble } = outcome;
    const isWhole = violation === undefined;
    if (!isWhole) {
      const { invariant, message } = violation;
      bad.push({ seed, invariant, message, life });
    }
    lived = {
      ...lived,
      seeds: lived.seeds + 1,
      portCalls: lived.portCalls + outcome.portCalls,
      portCallsMin: isWhole ? Math.min(lived.portCallsMin, portCallsInTrouble) : lived.portCallsMin,
      workloadsMin: isWhole ? Math.min(lived.workloadsMin, workloads) : lived.workloadsMin,
    };
    // Everything else in this process has its turn.
    await turn();
  }
  return { ...lived, hits: hits.all(), bad };
}

/** Two outcomes as one. */
export function bothOf(one: SeedsOutcome, other: SeedsOutcome): SeedsOutcome {
  const hits = new Hits();
  hits.addAll(one.hits);
  hits.addAll(other.hits);
  return {
    seeds: one.seeds + other.seeds,
    portCalls: one.portCalls + other.portCalls,
    portCallsMin: Math.min(one.portCallsMin, other.portCallsMin),
    workloadsMin: Math.min(one.workloadsMin, other.workloadsMin),
    hits: hits.all(),
    bad: [...one.bad, ...other.bad],
  };
}

/** What lives with a model can consist of. */
export function namesOf(model: RuntimeModelFactory): LifeNames {
  const clock = new SimulationClock(() => {});
  const { specs, disturbances } = model({ clock, random: new SeededRandom(0), events: true });
  return { specs, disturbances };
}
