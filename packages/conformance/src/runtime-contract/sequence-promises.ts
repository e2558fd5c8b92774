import type { WorkloadRuntime } from "@persys/core";
import {
  array,
  type Arbitrary,
  asyncProperty,
  check,
  integer,
  pre,
  record,
  type Scheduler,
  scheduler,
} from "fast-check";
import { ContractViolation } from "../contract-violation.ts";
import { anyCommand, type LaneCommand, textOf } from "./lane-command.ts";
import type { RuntimeBench, RuntimePromise } from "./runtime-promise.ts";
import type { RuntimeStage } from "./runtime-stage.ts";
import { WorkloadLane } from "./workload-lane.ts";

const defaultSequences = { count: 10, length: 12 } as const;

/** How long is looked for a shorter sequence that fails, in multiples of the subject's patience. */
const shrinkPatiences = 3;

/** Ids that a bad eye takes for one another. */
const laneNames = ["s", "s.kept", "S"] as const;

/** One command for one of the workloads, or the agent started again before it. */
interface Turn {
  readonly lane: number;
  readonly command: LaneCommand;
  readonly reopens: boolean;
}

const anyTurn: Arbitrary<Turn> = record({
  lane: integer({ min: 0, max: laneNames.length - 1 }),
  command: anyCommand,
  reopens: integer({ min: 0, max: 9 }).map((it) => it === 0),
});

/** The workloads of a sequence, and the runtime of the moment. */
class Sequence {
  readonly lanes: readonly WorkloadLane[];
  readonly #stage: RuntimeStage;
  #runtime: WorkloadRuntime;

  constructor(stage: RuntimeStage) {
    this.#stage = stage;
    this.#runtime = stage.runtime;
    this.lanes = laneNames.map((name) => new WorkloadLane(stage, name, () => this.#runtime));
  }

  async reopen(): Promise<void> {
    this.#runtime = (await this.#stage.reopened()) ?? this.#runtime;
  }

  /** Removes everything, and counts what is left. */
  async end(): Promise<void> {
    for (const lane of this.lanes) await lane.assertAsLeft();
    for (const lane of this.lanes) await lane.end();
    for (const lane of this.lanes) await this.#stage.assertAbsent(lane.id);
    await this.#stage.assertNothingLeft();
  }
}

async function playInTurn(stage: RuntimeStage, turns: readonly Turn[]): Promise<void> {
  const sequence = new Sequence(stage);
  for (const { lane, command, reopens } of turns) {
    if (reopens) await sequence.reopen();
    await sequence.lanes[lane]?.play(command);
  }
  await sequence.end();
}

/** Each workload has commands of its own; which one goes on next is the scheduler's choice. */
async function playAtOnce(
  stage: RuntimeStage,
  commands: readonly (readonly LaneCommand[])[],
  order: Scheduler,
): Promise<void> {
  const sequence = new Sequence(stage);
  const played = sequence.lanes.map(async (lane, at) => {
    for (const command of commands[at] ?? []) {
      await order.schedule(Promise.resolve(), `${laneNames[at]}: ${textOf(command)}`);
      await lane.play(command);
    }
  });
  const outcomes = await order.waitFor(Promise.allSettled(played));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  await sequence.end();
}

/** Tries sequences, and throws what the shortest failing one that was found has shown. */
async function trySequences<T>(
  stage: RuntimeStage,
  bench: RuntimeBench,
  any: Arbitrary<T>,
  play: (stage: RuntimeStage, sequence: T) => Promise<void>,
): Promise<void> {
  const { count } = stage.subject.sequences ?? defaultSequences;
  const { context } = bench;
  let shrinksUntilMs = Number.POSITIVE_INFINITY;
  const property = asyncProperty(any, async (sequence) => {
    context.signal.throwIfAborted();
    pre(performance.now() < shrinksUntilMs);
    try {
      await bench.withStage((own) => play(own, sequence));
    } catch (error) {
      const allowedMs = shrinkPatiences * stage.patienceMs;
      shrinksUntilMs = Math.min(shrinksUntilMs, performance.now() + allowedMs);
      throw error;
    }
  });
  const run = await check(property, { seed: context.seed | 0, numRuns: count });
  context.signal.throwIfAborted();
  if (!run.failed) return;
  const { errorInstance: error } = run;
  throw error instanceof ContractViolation
    ? error
    : new ContractViolation("a sequence of calls failed", { cause: error });
}

function lengthOf(stage: RuntimeStage): number {
  return (stage.subject.sequences ?? defaultSequences).length;
}

/** What holds after any sequence of calls. */
export const sequencePromises: readonly RuntimePromise[] = [
  {
    id: "any-sequence",
    clause: "RT-130",
    level: "MUST",
    title:
      "after any sequence of calls, cut short or not, there is what was asked for, and in the end nothing",
    check: (stage, bench) => {
      const maxLength = lengthOf(stage);
      const turns = array(anyTurn, { minLength: Math.ceil(maxLength / 2), maxLength, size: "max" });
      return trySequences(stage, bench, turns, playInTurn);
    },
  },
  {
    id: "any-interleaving",
    clause: "RT-131",
    level: "MUST",
    title: "calls for several workloads at once, in any interleaving, do what each would do alone",
    check: (stage, bench) => {
      const maxLength = Math.ceil(lengthOf(stage) / 2);
      const list = array(anyCommand, {
        minLength: Math.ceil(maxLength / 2),
        maxLength,
        size: "max",
      });
      const any = record({
        commands: array(list, { minLength: laneNames.length, maxLength: laneNames.length }),
        order: scheduler(),
      });
      return trySequences(stage, bench, any, (own, { commands, order }) =>
        playAtOnce(own, commands, order),
      );
    },
  },
];
