import { defaultEnginePolicy, type WorkloadStatus } from "@persys/core";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedHost } from "./simulated-host.ts";
import { SimulationViolation } from "./simulation-violation.ts";
import { statusOf, wishOf } from "./status-rules.ts";
import type { Wish } from "./wishes.ts";
import { type GoalContext, isAtRest, missingOf } from "./workload-goal.ts";

/** By then whatever could not be stored, or may have been, is tried again. */
const storeRetryMs = 12_000;
/** After everything is healed all has to be as wanted within so much time, and with so many steps for each workload. */
const healWithinMs = 300_000;
const healingStepsMax = 120;
/** The settling time passes within this time, and whatever a start sets going. */
const restMs = 12_000;
/** By then it is known what came of every commit, however slow. */
const doubtMs = 45_000;
const insistMax = 2;
/** So often something happens to every workload after that, so soon after each other: while what came before is still seen to. */
const aftershocksOfEach = 4;
const aftershockWithinMs = 80;
const recordTextMax = 16_384;
const timersMax = 64;

/** What has to come of a host once nothing goes wrong any more. */
export class Aftermath {
  readonly #host: SimulatedHost;

  constructor(host: SimulatedHost) {
    this.#host = host;
  }

  /** Ends every trouble, and lets the world become as it is wanted. @throws {SimulationViolation} I7, or whatever else does not hold. */
  async heal(): Promise<void> {
    await this.#become();
    this.#checkBounds();
  }

  /**
   * Lets things happen to what is as wanted, while every call succeeds and every event is heard, and the world become as it is wanted once
   * more. @throws {SimulationViolation} I7, or whatever else does not hold.
   */
  async aftershocks(random: SeededRandom): Promise<void> {
    const { clock, model, users } = this.#host;
    for (const id of users.wishes.keys()) {
      for (let shock = 0; shock < aftershocksOfEach; shock += 1) {
        const what = random.pick(model.disturbances).name;
        this.#host.act({ do: "disturb", id, what, waitMs: 0 });
        await clock.advance(random.integer(aftershockWithinMs));
      }
    }
    await this.#become();
  }

  async #become(): Promise<void> {
    this.#host.heal();
    const stepsBefore = this.#host.calls.steps;
    await this.#untilSeeing();
    await this.#host.clock.advance(storeRetryMs);
    // A creation in doubt shows nowhere before it is found out.
    const isCertain = [...this.#host.users.wishes.values()].every((it) => it.possible.length < 2);
    if (!isCertain) await this.#host.clock.advance(doubtMs);
    await this.until("everything is stored", () => this.#isStored());
    // What is still tried may yet fail, and would not be tried again by itself.
    await this.until("nothing is under way", () => !this.#host.scheduler.isBusy(undefined));
    this.#decideWishes();
    await this.#host.clock.advance(0);
    const insisted = new Map<string, number>();
    await this.until("everything is as wanted", () => {
      this.#insist(insisted);
      return this.#firstMissing() === undefined;
    });
    // What is so only in passing is not yet as wanted; and what has settled is tidied up.
    await this.#host.clock.advance(restMs);
    await this.until(
      "everything stays as wanted",
      () => this.#firstMissing() === undefined && this.#isSettled(),
    );
    const steps = this.#host.calls.steps - stepsBefore;
    if (steps > healingStepsMax * Math.max(1, this.#host.users.wishes.size))
      throw new SimulationViolation("I7", `it took ${steps} steps until everything was as wanted`);
  }

  /** Until the agent can know of everything that has happened, and can see what exists. */
  #untilSeeing(): Promise<void> {
    const { looks } = this.#host.calls;
    const hasToList = this.#host.hasLostEvents;
    const lookBefore = looks.begun;
    return this.until(
      "the agent is up, and can see everything",
      () => (!hasToList || looks.lastList > lookBefore) && this.#isSeeing(),
    );
  }

  /** Whether nothing is left that could not be stored yet, or may have been. */
  #isStored(): boolean {
    const { api } = this.#host;
    if (api === undefined) return false;
    return api.list({}).every(({ id }) => !api.explain(id).blockedBy.includes("state store"));
  }

  /** Whether nothing more is planned for what is at rest, and nothing that was asked for or learnt waits for the store. */
  #isSettled(): boolean {
    const goal = this.#goal();
    if (goal === undefined) return false;
    if ([...this.#host.users.wishes.values()].some(({ isOpen }) => isOpen)) return false;
    return goal.api
      .list({})
      .filter((status) => isAtRest(goal, status))
      .map(({ id }) => goal.api.explain(id))
      .every(({ next, blockedBy }) => next.step === "settled" && blockedBy === "");
  }

  #isSeeing(): boolean {
    const api = this.#host.api;
    if (api === undefined) return false;
    return api
      .list({})
      .every(({ actual, failure }) => actual !== "unknown" || failure?.reason === "RECORD_CORRUPT");
  }

  /** What nobody knows for certain is from now on as the agent took it. What failed is tried again, and what is damaged deleted. */
  #decideWishes(): void {
    const api = this.#host.api;
    if (api === undefined) return;
    for (const [id, wishes] of this.#host.users.wishes) {
      const status = statusOf(api, id);
      if (!wishes.isOpen) wishes.settle(this.#decided(id, status));
      if (status?.failure?.reason === "RECORD_CORRUPT")
        this.#host.users.ask(api, { do: "remove", id });
      else if (status?.actual === "failed") this.#host.users.ask(api, { do: "retry", id });
    }
  }

  /** What was given up for a trouble that is over, and only shows now, is tried again as well. */
  #insist(insisted: Map<string, number>): void {
    const { api, users } = this.#host;
    if (api === undefined) return;
    for (const id of users.wishes.keys()) {
      const times = insisted.get(id) ?? 0;
      if (times === insistMax || !this.#isInVain(id, statusOf(api, id))) continue;
      insisted.set(id, times + 1);
      users.ask(api, { do: "retry", id });
    }
  }

  /** Whether nothing more is tried with what could run by now. That it could only people know: no engine tries again what it has given up. */
  #isInVain(id: string, status: WorkloadStatus | undefined): boolean {
    const goal = this.#goal();
    if (status?.actual !== "failed" || status.failure?.retryable !== false) return false;
    if (goal?.specOf(status.revisionId)?.ends.includes("failed") !== true) return true;
    // It fails by itself; but what is to run in its place need not.
    const { fallback } = this.#host.records.stored(id) ?? {};
    return fallback?.givenUp !== undefined && missingOf(goal, id, status) !== undefined;
  }

  /** What is stored is what will be: no status tells of what waits for a deletion that fails. */
  #decided(id: string, status: WorkloadStatus | undefined): Wish {
    if (status?.desired !== "deleted") return wishOf(status);
    const stored = this.#host.records.stored(id);
    const wanted = stored?.desired === "deleted" ? stored.next : stored;
    if (wanted === undefined || wanted.desired === "deleted") return { kind: "none" };
    return { kind: "some", desired: wanted.desired, revisionId: wanted.wanted.revisionId };
  }

  #firstMissing(): string | undefined {
    const goal = this.#goal();
    if (goal === undefined) return "the agent is not up";
    for (const id of this.#host.users.wishes.keys()) {
      const missing = missingOf(goal, id, statusOf(goal.api, id));
      if (missing !== undefined) return `${id}: ${missing}`;
    }
    return undefined;
  }

  /** Lets time pass until it is so. @throws {SimulationViolation} I7, when it takes too long. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const untilMs = this.#host.clock.monotonicMs() + healWithinMs;
    await this.#host.clock.settle();
    while (!holds()) {
      const dueMs = this.#host.clock.nextDueMs ?? Number.POSITIVE_INFINITY;
      if (dueMs > untilMs) {
        throw new SimulationViolation(
          "I7",
          `${healWithinMs} ms after everything was healed not ${what}: ${this.#firstMissing() ?? ""}; ${this.#picture()}`,
        );
      }
      await this.#host.clock.advance(dueMs - this.#host.clock.monotonicMs());
    }
  }

  /** Nothing is done any more for what is as wanted, also when the agent is started anew. @throws {SimulationViolation} I11, I12. */
  async checkRest(): Promise<void> {
    const goal = this.#goal();
    if (goal === undefined) return;
    const ids = [...this.#host.users.wishes.keys()];
    this.#host.trace.say("", "everything is at rest");
    const resting = ids.filter((id) => isAtRest(goal, statusOf(goal.api, id)));
    const stepsBefore = resting.map((id) => this.#host.calls.stepsOf(id));
    await this.#host.clock.advance(restMs);
    // What has yet to be seen would be seen by the next agent, and what is being written would be written again.
    await this.#untilSeeing();
    await this.until("nothing is under way", () => !this.#host.scheduler.isBusy(undefined));
    for (const id of resting) {
      if (this.#host.records.stored(id) !== undefined && this.#host.calls.isUnheeded(id))
        throw new SimulationViolation("I7", `the agent heard of ${id}, and never looked at it`);
    }
    const statusesBefore = resting.map((id) => lasting(statusOf(goal.api, id)));
    const writesBefore = this.#host.records.writes;
    this.#host.killAtRest();
    await this.#untilSeeing();
    await this.#host.clock.advance(restMs);
    const api = this.#host.api;
    if (api === undefined) throw new SimulationViolation("I7", "the agent did not start again");
    for (const [at, id] of resting.entries()) {
      if (this.#host.calls.stepsOf(id) !== stepsBefore[at])
        throw new SimulationViolation("I11", `something was done for ${id}, which was at rest`);
      const [before, after] = [statusesBefore[at], lasting(statusOf(api, id))];
      if (before !== after)
        throw new SimulationViolation("I11", `at rest ${id} was ${before}, after that ${after}`);
    }
    if (resting.length === ids.length && this.#host.records.writes > writesBefore)
      throw new SimulationViolation("I11", "a restart with nothing to do wrote something");
    this.#checkBounds();
  }

  /** What grows has its bounds. @throws {SimulationViolation} I12. */
  #checkBounds(): void {
    const { agent } = this.#host;
    const exceeded = (what: string): never => {
      throw new SimulationViolation("I12", what);
    };
    const { actionsMax = defaultEnginePolicy.actionsMax } = this.#host.policy;
    const actions = agent?.engine.api.actions({ limit: 0, newestFirst: false }).length ?? 0;
    // Requests that are stored at the same time do not see each other's entries.
    const entriesMax = actionsMax + this.#host.users.wishes.size;
    if (actions > entriesMax) exceeded(`the history has ${actions} entries`);
    if (this.#host.disk.actions.size > entriesMax)
      exceeded(`${this.#host.disk.actions.size} entries of the history are stored`);
    for (const [id, record] of this.#host.disk.records) {
      const { length } = JSON.stringify(record);
      if (length > recordTextMax) exceeded(`the record of ${id} has ${length} characters`);
    }
    if (agent === undefined) return;
    if (agent.clock.pendingTimers > timersMax)
      exceeded(`${agent.clock.pendingTimers} timers are set`);
    if (agent.events.listeners > 1)
      exceeded(`${agent.events.listeners} streams of events are open`);
  }

  #goal(): GoalContext | undefined {
    const api = this.#host.api;
    if (api === undefined) return undefined;
    return {
      api,
      model: this.#host.model,
      specOf: (revisionId) => this.#host.users.specOf(revisionId),
      isStored: (id) => this.#host.disk.records.has(id),
    };
  }

  #picture(): string {
    const api = this.#host.api;
    const id = this.#firstMissing()?.split(":")[0];
    if (api === undefined || id === undefined) return "";
    return JSON.stringify({
      status: statusOf(api, id),
      exists: this.#host.model.instancesOf(id),
      prepared: this.#host.model.preparedOf(id),
    });
  }
}

/** What a restart must not change of what is at rest. */
function lasting(status: WorkloadStatus | undefined): string {
  if (status === undefined) return "not there";
  const { actual, uid, generation, revisionId, restarts, health, failure } = status;
  // Of what is given up, and of what runs in its place, only the state is followed closely.
  const shown = actual === "running" ? health : "";
  const seen = [actual, uid, generation, revisionId, restarts, shown, failure?.reason ?? ""];
  return seen.join(" ");
}
