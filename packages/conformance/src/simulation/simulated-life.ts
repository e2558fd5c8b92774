import { defaultEnginePolicy, type EnginePolicy, type WorkloadStatus } from "@persys/core";
import { SeededRandom } from "../seeded-random.ts";
import { CallRules } from "./call-rules.ts";
import { type AllHits, Hits } from "./hits.ts";
import { type Command, commandText, type EventTrouble, type Life } from "./life.ts";
import { type Kill, PortScheduler } from "./port-scheduler.ts";
import { RecordRules } from "./record-rules.ts";
import type { RuntimeModel, RuntimeModelFactory } from "./runtime-model.ts";
import { SimulatedAgent } from "./simulated-agent.ts";
import { SimulatedUsers } from "./simulated-users.ts";
import { SimulationClock } from "./simulation-clock.ts";
import { SimulationDisk } from "./simulation-store.ts";
import { SimulationTrace } from "./simulation-trace.ts";
import { type InvariantName, SimulationViolation } from "./simulation-violation.ts";
import { statusOf, StatusRules, wishOf } from "./status-rules.ts";
import type { Wish } from "./wishes.ts";
import { type GoalContext, isAtRest, missingOf } from "./workload-goal.ts";

/** How a life is lived. */
export interface LifeOptions {
  readonly model: RuntimeModelFactory;
  /** Keep a line of everything that happens. Default false. */
  readonly trace?: boolean;
  /** Gives more commands, part by part from 1 on, for a life that has had too few port calls to heal. Default: it is as long as it is. */
  readonly more?: (part: number) => readonly Command[];
}

/** Every life has so many port calls before it heals, if it is given enough commands. */
export const portCallsMin = 200;
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
  actionsMax: 60,
};

/** Places for one call at a time, so that everything has to wait for everything. */
const narrow: Partial<EnginePolicy> = { stepsAtOnce: 1, preparesAtOnce: 1, observesAtOnce: 1 };

const settleAfterMs = defaultEnginePolicy.settleAfterMs;
const bootRetryMs = 1_000;
const storeRetryMs = 12_000;
/** So long after an orderly stop nothing of an engine may be left. */
const leavingMs = 20_000;
/** After everything is healed all has to be as wanted within so much time, and with so many steps for each workload. */
const healWithinMs = 300_000;
const healingStepsMax = 120;
/** The settling time passes within this time, and whatever a start sets going. */
const restMs = 12_000;
const recordTextMax = 16_384;
const timersMax = 64;

/** Lives a life. Never rejects because of what the engine does: that is the outcome. */
export async function liveThrough(life: Life, options: LifeOptions): Promise<LifeOutcome> {
  return new SimulatedLife(life, options).live();
}

class SimulatedLife {
  readonly #life: Life;
  readonly #more: LifeOptions["more"];
  readonly #lived: Command[] = [];
  readonly #clock: SimulationClock = new SimulationClock(() => this.#onRest());
  readonly #hits: Hits = new Hits();
  readonly #trace: SimulationTrace;
  readonly #random: SeededRandom;
  readonly #model: RuntimeModel;
  readonly #disk: SimulationDisk = new SimulationDisk();
  readonly #scheduler: PortScheduler;
  readonly #users: SimulatedUsers;
  readonly #calls: CallRules;
  readonly #records: RecordRules;
  readonly #statuses: StatusRules;
  readonly #touched = new Set<string>();
  readonly #policy: Partial<EnginePolicy>;
  #weather: { readonly trouble: EventTrouble; readonly untilMs: number } | undefined;
  #agent: SimulatedAgent | undefined;
  #phase: "down" | "starting" | "up" | "stopping" = "down";
  #violation: SimulationViolation | undefined;

  constructor(life: Life, options: LifeOptions) {
    this.#life = life;
    this.#more = options.more;
    this.#random = new SeededRandom(life.seed);
    this.#trace = new SimulationTrace(options.trace ?? false, this.#clock);
    this.#policy = life.narrow ? { ...policyOfLives, ...narrow } : policyOfLives;
    const clock = this.#clock;
    const { events, seed } = life;
    const random = new SeededRandom(seed + 1);
    const model = options.model({ clock, random, events });
    this.#model = model;
    const violate = (invariant: InvariantName | "engine", message: string): void => {
      this.#violation ??= new SimulationViolation(invariant, message);
    };
    const touch = (id: string): void => void this.#touched.add(id);
    const trace = this.#trace;
    const hits = this.#hits;
    this.#scheduler = new PortScheduler({
      life,
      clock,
      hits,
      trace,
      onKill: (kill, boundary) => this.#onKill(kill, boundary),
    });
    this.#users = new SimulatedUsers({ model, hits, trace, violate, touch });
    this.#calls = new CallRules({
      clock,
      model,
      violate,
      touch,
      stored: (id) => this.#records.stored(id),
      isCorrupt: (id) => this.#disk.torn.has(id) && !this.#users.isRemoving(id),
      isKnown: (id) => this.#users.isKnown(id),
    });
    this.#records = new RecordRules({ model, looks: this.#calls.looks, violate, touch });
    this.#statuses = new StatusRules({
      calls: this.#calls,
      wishes: this.#users.wishes,
      violate,
      // With place for one call at a time any call may be the one that is waited for.
      isBusy: (id) => this.#scheduler.isBusy(life.narrow ? undefined : id),
    });
  }

  async live(): Promise<LifeOutcome> {
    let portCallsInTrouble = 0;
    try {
      this.#boot();
      for (const command of this.#life.commands) await this.#do(command);
      await this.#goOn();
      portCallsInTrouble = this.#scheduler.portCalls;
      await this.#heal();
      await this.#checkRest();
    } catch (error) {
      if (!(error instanceof SimulationViolation)) throw error;
      this.#violation ??= error;
    }
    this.#agent?.die(false);
    return {
      life: { ...this.#life, commands: this.#lived },
      violation: this.#violation,
      portCallsInTrouble,
      portCalls: this.#scheduler.portCalls,
      workloads: this.#users.wishes.size,
      simulatedMs: this.#clock.monotonicMs(),
      hits: this.#hits.all(),
      trace: this.#trace.lines,
    };
  }

  /** Until the life has had its port calls. */
  async #goOn(): Promise<void> {
    if (this.#more === undefined) return;
    for (let part = 1; part <= partsMax; part += 1) {
      for (const command of this.#more(part)) {
        if (this.#scheduler.portCalls >= portCallsMin) return;
        await this.#do(command);
      }
    }
  }

  /** Whenever nothing moves: what was touched is checked. @throws {SimulationViolation} */
  #onRest(): void {
    if (this.#violation !== undefined) throw this.#violation;
    const [broken] = this.#model.violations();
    if (broken !== undefined) throw new SimulationViolation("I3", broken);
    const api = this.#phase === "up" ? this.#agent?.engine.api : undefined;
    if (api === undefined) return;
    for (const id of this.#touched) this.#statuses.check(api, id);
    this.#touched.clear();
    if (this.#violation !== undefined) throw this.#violation;
  }

  async #do(command: Command): Promise<void> {
    if (this.#trace.isWanted) this.#trace.say("", `* ${commandText(command)}`);
    this.#lived.push(command);
    this.#act(command);
    if (command.waitMs < 0) {
      for (let turns = -command.waitMs; turns > 0; turns -= 1) await Promise.resolve();
    } else await this.#clock.advance(command.waitMs);
  }

  #act(command: Command): void {
    switch (command.do) {
      case "apply":
      case "apply again":
      case "apply otherwise":
      case "want":
      case "remove":
      case "retry":
        if (this.#phase === "up" && this.#agent !== undefined)
          this.#users.ask(this.#agent.engine.api, command);
        return;
      case "disturb":
        return this.#disturb(command.id, command.what);
      case "kill":
        return this.#scheduler.armKill(command);
      case "restart":
        return this.#restart();
      case "host reboots":
        return this.#rebootHost(command.downMs);
      case "runtime restarts":
        return this.#cutOff(command.downMs, "runtime restarts");
      case "runtime vanishes":
        return this.#cutOff(command.forMs, "runtime vanishes");
      case "wall clock jumps":
        this.#hits.add("faults", command.do);
        this.#clock.jumpWall(command.byMs);
        return this.#calls.noteWallJump();
      case "events go wrong":
        this.#weather = {
          trouble: command.how,
          untilMs: this.#clock.monotonicMs() + command.forMs,
        };
        return;
      default:
        return this.#scheduler.arm(command);
    }
  }

  #disturb(id: string, what: string): void {
    const disturbance = this.#model.disturbances.find(({ name }) => name === what);
    if (disturbance?.strike(id) !== true) return;
    this.#hits.add("faults", `workload ${what}`);
    this.#trace.say(id, `! ${what}`);
  }

  #cutOff(forMs: number, what: "runtime restarts" | "runtime vanishes"): void {
    this.#hits.add("faults", what);
    this.#scheduler.cutOff(forMs, what === "runtime restarts");
    this.#agent?.events.breakOff();
  }

  #rebootHost(downMs: number): void {
    this.#hits.add("faults", "host reboots");
    this.#model.reboot();
    this.#die(false, downMs);
  }

  #onKill(kill: Kill, boundary: string): void {
    this.#hits.add("deaths", boundary);
    this.#trace.say("", `! the agent is killed at ${boundary}`);
    this.#die(kill.tears, kill.downMs);
  }

  #die(tears: boolean, downMs: number): void {
    const agent = this.#agent;
    if (agent === undefined) return;
    const torn = agent.die(tears);
    this.#leave();
    if (torn !== undefined) this.#tear(torn);
    this.#bootLater(downMs);
  }

  #tear(id: string): void {
    this.#hits.add("faults", "record torn");
    this.#trace.say(id, "! its record is torn");
    this.#records.forget(id);
    this.#users.noteTorn(id);
  }

  /** The agent is gone, however that came. */
  #leave(): void {
    for (const wishes of this.#users.wishes.values()) wishes.lose();
    this.#agent = undefined;
    this.#phase = "down";
    this.#calls.forgetAgent();
    this.#scheduler.forgetAgent();
  }

  #bootLater(delayMs: number): void {
    this.#clock.schedule(delayMs, () => {
      if (this.#agent === undefined) this.#boot();
    });
  }

  #boot(): void {
    const agent = new SimulatedAgent({
      clock: this.#clock,
      seed: this.#life.seed,
      policy: this.#policy,
      model: this.#model,
      disk: this.#disk,
      tapOf: (mortal) => this.#scheduler.tapOf(mortal),
      storeListener: this.#records,
      runtimeWatcher: this.#calls,
      weather: {
        trouble: () => this.#troubleWithEvents(),
        fraction: () => this.#random.fraction(),
        onTrouble: (trouble) => this.#hits.add("faults", `events ${trouble}`),
      },
      hits: this.#hits,
      onBroken: (message) => (this.#violation ??= new SimulationViolation("engine", message)),
    });
    this.#agent = agent;
    this.#phase = "starting";
    this.#trace.say("", "the agent starts");
    agent.engine.start(new AbortController().signal).then(
      () => this.#onUp(agent),
      () => this.#onStartFailed(agent),
    );
    void agent.engine.failed.then((error) => {
      if (!agent.isDead) this.#violation ??= new SimulationViolation("engine", error.message);
    });
  }

  #onUp(agent: SimulatedAgent): void {
    if (agent.isDead || this.#phase !== "starting") return;
    this.#phase = "up";
    this.#trace.say("", "the agent is up");
    for (const id of this.#users.wishes.keys()) this.#touched.add(id);
  }

  #onStartFailed(agent: SimulatedAgent): void {
    if (agent.isDead || this.#phase !== "starting") return;
    this.#trace.say("", "the agent does not start");
    this.#die(false, bootRetryMs);
  }

  /** An orderly end, and another start. */
  #restart(): void {
    const agent = this.#agent;
    if (agent === undefined || this.#phase !== "up") return;
    this.#phase = "stopping";
    this.#trace.say("", "the agent is asked to stop");
    const stopped = (): void => {
      if (agent.isDead) return;
      this.#hits.add("faults", "agent restarted");
      this.#leave();
      this.#clock.schedule(leavingMs, () => this.#checkStopped(agent));
      this.#boot();
    };
    // A store that does not answer keeps it from closing: it ends all the same.
    agent.engine.stop().then(stopped, () => {
      if (!agent.isDead) this.#die(false, 0);
    });
  }

  /** What requests still wait for is over by now. */
  #checkStopped(agent: SimulatedAgent): void {
    const { pendingTimers } = agent.clock;
    if (pendingTimers > 0 && !this.#scheduler.isHanging)
      this.#violation ??= new SimulationViolation(
        "I12",
        `an engine that has stopped leaves ${pendingTimers} timers behind`,
      );
    if (agent.events.listeners > 0)
      this.#violation ??= new SimulationViolation(
        "I12",
        "an engine that has stopped listens to events",
      );
    agent.die(false);
  }

  #troubleWithEvents(): EventTrouble | undefined {
    const weather = this.#weather;
    return weather !== undefined && this.#clock.monotonicMs() < weather.untilMs
      ? weather.trouble
      : undefined;
  }

  /** Ends every trouble, and lets the world become as it is wanted. @throws {SimulationViolation} I7, or whatever else does not hold. */
  async #heal(): Promise<void> {
    this.#trace.say("", "everything is healed");
    this.#scheduler.heal();
    this.#weather = undefined;
    this.#model.heal();
    const stepsBefore = this.#calls.steps;
    const lookBefore = this.#calls.looks.begun;
    const isSeeing = (): boolean => this.#calls.looks.lastList > lookBefore && this.#isSeeing();
    await this.#until("the agent is up, and can see everything", isSeeing);
    // What could not be stored, or may have been, is tried again by then.
    await this.#clock.advance(storeRetryMs);
    this.#decideWishes();
    await this.#clock.advance(0);
    await this.#until("everything is as wanted", () => this.#firstMissing() === undefined);
    // What is so only in passing is not yet as wanted.
    await this.#clock.advance(settleAfterMs);
    await this.#until("everything stays as wanted", () => this.#firstMissing() === undefined);
    const steps = this.#calls.steps - stepsBefore;
    if (steps > healingStepsMax * Math.max(1, this.#users.wishes.size))
      throw new SimulationViolation("I7", `it took ${steps} steps until everything was as wanted`);
    this.#checkBounds();
  }

  #isSeeing(): boolean {
    const api = this.#api();
    if (api === undefined) return false;
    return api
      .list({})
      .every(({ actual, failure }) => actual !== "unknown" || failure?.reason === "RECORD_CORRUPT");
  }

  /** What nobody knows for certain is from now on as the agent took it. What failed is tried again, and what is damaged deleted. */
  #decideWishes(): void {
    const api = this.#api();
    if (api === undefined) return;
    for (const [id, wishes] of this.#users.wishes) {
      const status = statusOf(api, id);
      if (!wishes.isOpen) wishes.settle(this.#decided(id, status));
      if (status?.failure?.reason === "RECORD_CORRUPT") this.#users.ask(api, { do: "remove", id });
      else if (status?.actual === "failed") this.#users.ask(api, { do: "retry", id });
    }
  }

  /** What is stored is what will be: also what waits for a deletion that fails, which no status tells. */
  #decided(id: string, status: WorkloadStatus | undefined): Wish {
    const next = this.#records.stored(id)?.next;
    if (status?.desired !== "deleted" || next === undefined) return wishOf(status);
    return { kind: "some", desired: next.desired, revisionId: next.wanted.revisionId };
  }

  #firstMissing(): string | undefined {
    const goal = this.#goal();
    if (goal === undefined) return "the agent is not up";
    for (const id of this.#users.wishes.keys()) {
      const missing = missingOf(goal, id, statusOf(goal.api, id));
      if (missing !== undefined) return `${id}: ${missing}`;
    }
    return undefined;
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + healWithinMs;
    await this.#clock.settle();
    while (!holds()) {
      const dueMs = this.#clock.nextDueMs ?? Number.POSITIVE_INFINITY;
      if (dueMs > untilMs) {
        throw new SimulationViolation(
          "I7",
          `${healWithinMs} ms after everything was healed not ${what}: ${this.#firstMissing() ?? ""}; ${this.#picture()}`,
        );
      }
      await this.#clock.advance(dueMs - this.#clock.monotonicMs());
    }
  }

  /** Nothing is done any more for what is as wanted, also when the agent is started anew. @throws {SimulationViolation} I11, I12. */
  async #checkRest(): Promise<void> {
    const goal = this.#goal();
    if (goal === undefined) return;
    const ids = [...this.#users.wishes.keys()];
    const resting = ids.filter((id) => isAtRest(goal, statusOf(goal.api, id)));
    const stepsBefore = resting.map((id) => this.#calls.stepsOf(id));
    await this.#clock.advance(restMs);
    const statusesBefore = resting.map((id) => lasting(statusOf(goal.api, id)));
    const writesBefore = this.#records.writes;
    this.#trace.say("", "the agent is killed at rest");
    this.#die(false, 0);
    await this.#clock.advance(restMs);
    const api = this.#api();
    if (api === undefined) throw new SimulationViolation("I7", "the agent did not start again");
    for (const [at, id] of resting.entries()) {
      if (this.#calls.stepsOf(id) !== stepsBefore[at])
        throw new SimulationViolation("I11", `something was done for ${id}, which was at rest`);
      const [before, after] = [statusesBefore[at], lasting(statusOf(api, id))];
      if (before !== after)
        throw new SimulationViolation("I11", `at rest ${id} was ${before}, after that ${after}`);
    }
    if (resting.length === ids.length && this.#records.writes > writesBefore)
      throw new SimulationViolation("I11", "a restart with nothing to do wrote something");
    this.#checkBounds();
  }

  /** What grows has its bounds. @throws {SimulationViolation} I12. */
  #checkBounds(): void {
    const agent = this.#agent;
    const exceeded = (what: string): never => {
      throw new SimulationViolation("I12", what);
    };
    const { actionsMax = defaultEnginePolicy.actionsMax } = this.#policy;
    const actions = agent?.engine.api.actions({ limit: 0, newestFirst: false }).length ?? 0;
    if (actions > actionsMax) exceeded(`the history has ${actions} entries`);
    if (this.#disk.actions.size > actionsMax + this.#users.wishes.size)
      exceeded(`${this.#disk.actions.size} entries of the history are stored`);
    for (const [id, text] of this.#disk.records) {
      if (text.length > recordTextMax)
        exceeded(`the record of ${id} has ${text.length} characters`);
    }
    if (agent === undefined) return;
    if (agent.clock.pendingTimers > timersMax)
      exceeded(`${agent.clock.pendingTimers} timers are set`);
    if (agent.events.listeners > 1)
      exceeded(`${agent.events.listeners} streams of events are open`);
  }

  #goal(): GoalContext | undefined {
    const api = this.#api();
    if (api === undefined) return undefined;
    return {
      api,
      model: this.#model,
      specOf: (revisionId) => this.#users.specOf(revisionId),
      isStored: (id) => this.#disk.records.has(id),
    };
  }

  #api(): SimulatedAgent["engine"]["api"] | undefined {
    return this.#phase === "up" ? this.#agent?.engine.api : undefined;
  }

  #picture(): string {
    const api = this.#api();
    const id = this.#firstMissing()?.split(":")[0] ?? "";
    if (api === undefined) return `the agent is ${this.#phase}`;
    return JSON.stringify({
      status: statusOf(api, id),
      exists: this.#model.instancesOf(id),
      prepared: this.#model.preparedOf(id),
    });
  }
}

/** What a restart must not change of what is at rest. */
function lasting(status: WorkloadStatus | undefined): string {
  if (status === undefined) return "not there";
  const { actual, uid, generation, revisionId, restarts, health, failure } = status;
  const seen = [actual, uid, generation, revisionId, restarts, health, failure?.reason ?? ""];
  return seen.join(" ");
}
