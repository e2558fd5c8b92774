import type { EnginePolicy } from "@persys/core";
import { SeededRandom } from "../seeded-random.ts";
import { Aftermath } from "./aftermath.ts";
import type { AllHits } from "./hits.ts";
import { type Command, commandText, type Life } from "./life.ts";
import type { RuntimeModelFactory } from "./runtime-model.ts";
import { SimulatedHost } from "./simulated-host.ts";
import { SimulationViolation } from "./simulation-violation.ts";

/** How a life is lived. */
export interface LifeOptions {
  readonly model: RuntimeModelFactory;
  /** Keep a line of everything that happens. Default false. */
  readonly trace?: boolean;
  /** Gives more commands, part by part from 1 on, for a life that has had too few port calls to heal. Default: it is as long as it is. */
  readonly more?: (part: number) => readonly Command[];
}

/** Every life has so many port calls before it heals, if it is given enough commands. */
const portCallsMin = 200;
/** More parts than this no life needs: an agent is down for so long at most. */
const partsMax = 50;

/** What came of a life. */
export interface LifeOutcome {
  /** As it was lived, with all that was added to it. */
  readonly life: Life;
  /** Undefined when every invariant held. */
  readonly violation: SimulationViolation | undefined;
  /** Port calls until everything was healed, and in all. */
  readonly portCallsInTrouble: number;
  readonly portCalls: number;
  /** Workloads that anybody asked for. */
  readonly workloads: number;
  readonly simulatedMs: number;
  readonly hits: AllHits;
  /** Empty unless it was asked for. */
  readonly trace: readonly string[];
}

/** What an engine is given in every life: short waits, and bounds that are reached. */
const policyOfLives: Partial<EnginePolicy> = {
  backoffMaxMs: 20_000,
  stepTimeoutMs: 20_000,
  prepareTimeoutMs: 30_000,
  eventIdleMs: 20_000,
  commitTimeoutMs: 4_000,
  actionsMax: 16,
};

/** Places for one call at a time, so that everything has to wait for everything. */
const narrow: Partial<EnginePolicy> = { stepsAtOnce: 1, preparesAtOnce: 1, observesAtOnce: 1 };

/** Lives a life. Never rejects because of what the engine does: that is the outcome. */
export async function liveThrough(life: Life, options: LifeOptions): Promise<LifeOutcome> {
  const { stackTraceLimit } = Error;
  // Errors are made by the hundred, and nobody reads where.
  if (options.trace !== true) Error.stackTraceLimit = 0;
  try {
    // A clock that waits for everything to come to rest does so only among promises: in the turn of an event its tick would come first.
    await Promise.resolve();
    return await new SimulatedLife(life, options).live();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

class SimulatedLife {
  readonly #life: Life;
  readonly #more: LifeOptions["more"];
  readonly #lived: Command[] = [];
  readonly #host: SimulatedHost;

  constructor(life: Life, { model, more, trace = false }: LifeOptions) {
    this.#life = life;
    this.#more = more;
    const policy = {
      ...policyOfLives,
      ...(life.narrow ? narrow : {}),
      ...(life.resync ? {} : { resyncIntervalMs: 0 }),
    };
    this.#host = new SimulatedHost({ life, model, policy, trace });
  }

  async live(): Promise<LifeOutcome> {
    const { clock, scheduler, users, hits, trace } = this.#host;
    let portCallsInTrouble = 0;
    let violation: SimulationViolation | undefined;
    try {
      const aftermath = new Aftermath(this.#host);
      this.#host.boot();
      await aftermath.until("the agent is up", () => this.#host.api !== undefined);
      for (const command of this.#life.commands) await this.#do(command);
      await this.#goOn();
      portCallsInTrouble = scheduler.portCalls;
      await aftermath.heal();
      if (!this.#life.resync) await aftermath.aftershocks(new SeededRandom(this.#life.seed + 2));
      await aftermath.checkRest();
    } catch (error) {
      if (!(error instanceof SimulationViolation)) throw error;
      violation = this.#host.violation ?? error;
    }
    this.#host.end();
    return {
      life: { ...this.#life, commands: this.#lived },
      violation,
      portCallsInTrouble,
      portCalls: scheduler.portCalls,
      workloads: users.wishes.size,
      simulatedMs: clock.monotonicMs(),
      hits: hits.all(),
      trace: trace.lines,
    };
  }

  /** Until the life has had its port calls. */
  async #goOn(): Promise<void> {
    if (this.#more === undefined) return;
    for (let part = 1; part <= partsMax; part += 1) {
      for (const command of this.#more(part)) {
        if (this.#host.scheduler.portCalls >= portCallsMin) return;
        await this.#do(command);
      }
    }
  }

  async #do(command: Command): Promise<void> {
    const { trace, clock } = this.#host;
    if (trace.isWanted) trace.say("", `* ${commandText(command)}`);
    this.#lived.push(command);
    this.#host.act(command);
    if (command.waitMs < 0) {
      for (let turns = -command.waitMs; turns > 0; turns -= 1) await Promise.resolve();
    } else await clock.advance(command.waitMs);
  }
}
