import type { AgentApi, EnginePolicy } from "@persys/core";
import { SeededRandom } from "../seeded-random.ts";
import { CallRules } from "./call-rules.ts";
import { Hits } from "./hits.ts";
import type {
  AgentCommand,
  Command,
  EventTrouble,
  Life,
  RequestCommand,
  WorldCommand,
} from "./life.ts";
import { type Kill, PortScheduler } from "./port-scheduler.ts";
import { RecordRules } from "./record-rules.ts";
import type { RuntimeModel, RuntimeModelFactory } from "./runtime-model.ts";
import { SimulatedAgent } from "./simulated-agent.ts";
import { SimulatedUsers } from "./simulated-users.ts";
import { SimulationClock } from "./simulation-clock.ts";
import { SimulationDisk } from "./simulation-store.ts";
import { SimulationTrace } from "./simulation-trace.ts";
import { type InvariantName, SimulationViolation } from "./simulation-violation.ts";
import { StatusRules } from "./status-rules.ts";

/** How a host under simulation is made. */
export interface HostOptions {
  readonly life: Life;
  readonly model: RuntimeModelFactory;
  readonly policy: Partial<EnginePolicy>;
  readonly trace: boolean;
}

const bootRetryMs = 1_000;
/** So long after an orderly stop nothing of an engine may be left. */
const leavingMs = 6_000;

/**
 * A host with everything on it: a runtime and a disk, which stay, and an agent, which dies and is started again. Whatever happens is watched
 * by the rules, which are asked whenever nothing moves.
 */
export class SimulatedHost {
  readonly clock: SimulationClock = new SimulationClock(() => this.#onRest());
  readonly hits: Hits = new Hits();
  readonly trace: SimulationTrace;
  readonly model: RuntimeModel;
  readonly disk: SimulationDisk = new SimulationDisk();
  readonly scheduler: PortScheduler;
  readonly users: SimulatedUsers;
  readonly calls: CallRules;
  readonly records: RecordRules;
  readonly policy: Partial<EnginePolicy>;
  readonly #life: Life;
  readonly #random: SeededRandom;
  readonly #statuses: StatusRules;
  readonly #touched = new Set<string>();
  #weather: { readonly trouble: EventTrouble; readonly untilMs: number } | undefined;
  /** The last look that had begun when an event was lost. */
  #lookAtLoss = -1;
  #agent: SimulatedAgent | undefined;
  #phase: "down" | "starting" | "up" | "stopping" = "down";
  #violation: SimulationViolation | undefined;

  constructor({ life, policy, ...options }: HostOptions) {
    this.#life = life;
    this.#random = new SeededRandom(life.seed);
    this.trace = new SimulationTrace(options.trace, this.clock);
    this.policy = policy;
    const clock = this.clock;
    const { events, seed } = life;
    const random = new SeededRandom(seed + 1);
    const model = options.model({ clock, random, events });
    this.model = model;
    const violate = (invariant: InvariantName | "engine", message: string): void => {
      this.#violation ??= new SimulationViolation(invariant, message);
    };
    const touch = (id: string): void => void this.#touched.add(id);
    const trace = this.trace;
    const hits = this.hits;
    this.scheduler = new PortScheduler({
      life,
      clock,
      hits,
      trace,
      onRestless: (calls) => violate("I7", `${calls} calls were made at one and the same moment`),
      onKill: (kill, boundary) => this.#onKill(kill, boundary),
    });
    this.users = new SimulatedUsers({ model, hits, trace, violate, touch });
    this.calls = new CallRules({
      clock,
      model,
      violate,
      touch,
      stored: (id) => this.records.stored(id),
      isCorrupt: (id) => this.disk.torn.has(id) && !this.users.isRemoving(id),
      isKnown: (id) => this.users.isKnown(id),
    });
    this.records = new RecordRules({ model, looks: this.calls.looks, violate, touch });
    this.#statuses = new StatusRules({
      calls: this.calls,
      wishes: this.users.wishes,
      violate,
      // With place for one call at a time any call may be the one that is waited for.
      isBusy: (id) => this.scheduler.isBusy(life.narrow ? undefined : id),
    });
  }

  /** The first invariant that was broken. */
  get violation(): SimulationViolation | undefined {
    return this.#violation;
  }

  /** The agent that runs, however far it has come. */
  get agent(): SimulatedAgent | undefined {
    return this.#agent;
  }

  /** The agent's api while it is up. */
  get api(): AgentApi | undefined {
    return this.#phase === "up" ? this.#agent?.engine.api : undefined;
  }

  /** Whenever nothing moves: what was touched is checked. @throws {SimulationViolation} */
  #onRest(): void {
    this.#throwIfViolated();
    const [broken] = this.model.violations();
    if (broken !== undefined) throw new SimulationViolation("I3", broken);
    const { api } = this;
    if (api === undefined) return;
    for (const id of this.#touched) this.#statuses.check(api, id);
    this.#touched.clear();
    this.#throwIfViolated();
  }

  #throwIfViolated(): void {
    const violation = this.#violation;
    if (violation !== undefined) throw violation;
  }

  /** Whether something may have happened that no event has told the agent, and no list since. */
  get hasLostEvents(): boolean {
    // Without a stream, or between two of them, nobody hears anything.
    const isDeaf = this.#agent?.events.listeners === 0;
    return isDeaf || this.calls.looks.lastList <= this.#lookAtLoss;
  }

  /** Lets what a command says happen, as far as that can be at this moment. */
  act(command: Command): void {
    switch (command.do) {
      case "apply":
      case "apply again":
      case "apply otherwise":
      case "want":
      case "remove":
      case "retry":
        return this.#ask(command);
      case "calls fail":
      case "call hangs":
      case "store fails":
      case "store hangs":
        return this.scheduler.arm(command);
      case "events go wrong":
        this.#weather = { trouble: command.how, untilMs: this.clock.monotonicMs() + command.forMs };
        return;
      default:
        return this.#happen(command);
    }
  }

  #ask(command: RequestCommand): void {
    const { api } = this;
    if (api === undefined) return;
    this.users.ask(api, command);
    // It may have died of the very request.
    if (this.api !== api) this.#loseAnswers();
  }

  #loseAnswers(): void {
    for (const wishes of this.users.wishes.values()) wishes.lose();
  }

  #happen(command: WorldCommand | AgentCommand): void {
    switch (command.do) {
      case "disturb":
        return this.#disturb(command.id, command.what);
      case "kill":
        return this.scheduler.armKill(command);
      case "restart":
        return this.#restart();
      case "host reboots":
        return this.#rebootHost(command.downMs);
      case "runtime restarts":
        return this.#cutOff(command.downMs, command.do);
      case "runtime vanishes":
        return this.#cutOff(command.forMs, command.do);
      case "wall clock jumps":
        this.hits.add("faults", command.do);
        this.clock.jumpWall(command.byMs);
        return this.calls.noteWallJump();
    }
  }

  /** Ends every trouble. */
  heal(): void {
    this.trace.say("", "everything is healed");
    this.scheduler.heal();
    this.#weather = undefined;
    this.model.heal();
    // Events that were lost are made up for by a list, which an agent makes when its stream breaks.
    if (this.hasLostEvents) this.#agent?.events.breakOff();
  }

  /** The agent is killed where it is, and another one is started at once. */
  killAtRest(): void {
    this.trace.say("", "the agent is killed at rest");
    this.#die(false, 0);
  }

  /** Nothing goes on. */
  end(): void {
    this.#agent?.die(false);
  }

  #disturb(id: string, what: string): void {
    const disturbance = this.model.disturbances.find(({ name }) => name === what);
    if (disturbance?.strike(id) !== true) return;
    this.hits.add("faults", `workload ${what}`);
    this.trace.say(id, `! ${what}`);
  }

  #cutOff(forMs: number, what: "runtime restarts" | "runtime vanishes"): void {
    this.hits.add("faults", what);
    this.scheduler.cutOff(forMs, what === "runtime restarts");
    this.#agent?.events.breakOff();
  }

  #rebootHost(downMs: number): void {
    this.hits.add("faults", "host reboots");
    this.model.reboot();
    this.#die(false, downMs);
  }

  #onKill(kill: Kill, boundary: string): void {
    this.hits.add("deaths", boundary);
    this.trace.say("", `! the agent is killed at ${boundary}`);
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
    this.hits.add("faults", "record torn");
    this.trace.say(id, "! its record is torn");
    this.records.forget(id);
    this.users.noteTorn(id);
  }

  /** The agent is gone, however that came. */
  #leave(): void {
    this.#loseAnswers();
    this.#agent = undefined;
    this.#phase = "down";
    this.calls.forgetAgent();
  }

  #bootLater(delayMs: number): void {
    this.clock.schedule(delayMs, () => {
      if (this.#agent === undefined) this.boot();
    });
  }

  /** An agent starts. */
  boot(): void {
    const agent = new SimulatedAgent({
      clock: this.clock,
      seed: this.#life.seed,
      policy: this.policy,
      model: this.model,
      disk: this.disk,
      tapOf: (mortal) => this.scheduler.tapOf(mortal),
      storeListener: this.records,
      runtimeWatcher: this.calls,
      weather: {
        trouble: () => this.#troubleWithEvents(),
        fraction: () => this.#random.fraction(),
        onTrouble: (trouble) => this.#onEventTrouble(trouble),
        onHeard: ({ id }) => {
          if (id !== undefined) this.calls.noteHeard(id);
        },
      },
      hits: this.hits,
      onBroken: (message) => (this.#violation ??= new SimulationViolation("engine", message)),
    });
    this.#agent = agent;
    this.#phase = "starting";
    this.trace.say("", "the agent starts");
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
    this.trace.say("", "the agent is up");
    for (const id of this.users.wishes.keys()) this.#touched.add(id);
  }

  #onStartFailed(agent: SimulatedAgent): void {
    if (agent.isDead || this.#phase !== "starting") return;
    this.trace.say("", "the agent does not start");
    this.#die(false, bootRetryMs);
  }

  /** An orderly end, and another start. */
  #restart(): void {
    const agent = this.#agent;
    if (agent === undefined || this.#phase !== "up") return;
    this.#phase = "stopping";
    this.trace.say("", "the agent is asked to stop");
    const stopped = (): void => {
      if (agent.isDead) return;
      this.hits.add("faults", "agent restarted");
      this.#leave();
      this.clock.schedule(leavingMs, () => this.#checkStopped(agent));
      this.boot();
    };
    // A store that does not answer keeps it from closing: it ends all the same.
    agent.engine.stop().then(stopped, () => {
      if (!agent.isDead) this.#die(false, 0);
    });
  }

  /** What requests still wait for is over by now. */
  #checkStopped(agent: SimulatedAgent): void {
    const { pendingTimers } = agent.clock;
    if (pendingTimers > 0 && !this.scheduler.isHanging)
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

  #onEventTrouble(trouble: EventTrouble): void {
    this.hits.add("faults", `events ${trouble}`);
    if (trouble === "lost" || trouble === "silent") this.#lookAtLoss = this.calls.looks.begun;
  }

  #troubleWithEvents(): EventTrouble | undefined {
    const weather = this.#weather;
    return weather !== undefined && this.clock.monotonicMs() < weather.untilMs
      ? weather.trouble
      : undefined;
  }
}
