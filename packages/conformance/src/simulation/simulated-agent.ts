import {
  AgentError,
  createEngine,
  defaultEnginePolicy,
  type Engine,
  type EnginePolicy,
  type LogFields,
  type Logger,
  noTelemetry,
  type Telemetry,
  type WorkloadId,
} from "@persys/core";
import { tapRuntime, type PortTap } from "../port-tap.ts";
import { SeededRandom } from "../seeded-random.ts";
import { EventLine, type EventWeather } from "./event-line.ts";
import type { Hits } from "./hits.ts";
import type { Mortal } from "./mortal.ts";
import type { ModelConnection, RuntimeModel } from "./runtime-model.ts";
import { MortalClock, type SimulationClock } from "./simulation-clock.ts";
import { type SimulationDisk, SimulationStore, type StoreListener } from "./simulation-store.ts";
import { type RuntimeWatcher, WatchedRuntime } from "./watched-runtime.ts";

/** What an agent under simulation is put into. */
export interface AgentSurroundings {
  readonly clock: SimulationClock;
  readonly seed: number;
  readonly policy: Partial<EnginePolicy>;
  readonly model: RuntimeModel;
  readonly disk: SimulationDisk;
  readonly tapOf: (agent: Mortal) => PortTap;
  readonly storeListener: StoreListener;
  readonly runtimeWatcher: RuntimeWatcher;
  readonly weather: EventWeather;
  readonly hits: Hits;
  /** The engine says that something in it is broken. */
  readonly onBroken: (message: string) => void;
}

/** What is done to a runtime without events can only be seen by listing it. */
const listed = { resyncIntervalMs: defaultEnginePolicy.resyncIntervalMs };

/** One run of the agent: the real engine between a runtime and a store that it shares with those before and after it. */
export class SimulatedAgent implements Mortal {
  readonly engine: Engine;
  readonly clock: MortalClock;
  readonly events: EventLine;
  readonly #store: SimulationStore;
  readonly #connection: ModelConnection;
  #isDead = false;

  constructor(surroundings: AgentSurroundings) {
    const { model, disk, policy } = surroundings;
    const tap = surroundings.tapOf(this);
    this.clock = new MortalClock(surroundings.clock);
    this.events = new EventLine(surroundings.clock, surroundings.weather);
    this.#store = new SimulationStore(disk, tap, surroundings.storeListener);
    this.#connection = model.connect();
    this.engine = createEngine({
      nodeId: "node-1",
      version: "simulated",
      runtimes: [this.#runtime(tap, surroundings.runtimeWatcher)],
      store: this.#store,
      clock: this.clock,
      random: new SeededRandom(surroundings.seed + 7_919 * disk.epoch),
      logger: loggerOf(surroundings),
      telemetry: telemetryOf(surroundings.hits),
      policy: this.#connection.runtime.events === undefined ? { ...policy, ...listed } : policy,
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /**
   * Ends it at once: nothing that it has under way has any more effect, and nothing returns. With `tears` the record that is being written is
   * damaged; returns its id.
   */
  die(tears: boolean): WorkloadId | undefined {
    this.#isDead = true;
    this.#connection.die();
    this.clock.die();
    this.events.die();
    return this.#store.die(tears);
  }

  #runtime(tap: PortTap, watcher: RuntimeWatcher): WatchedRuntime {
    return new WatchedRuntime(tapRuntime(this.#connection.runtime, tap), {
      watcher,
      events: this.events,
      caller: this,
      nowMs: () => this.clock.wallMs(),
    });
  }
}

/** Only faults of the program itself are of interest: everything else shows in what the engine does. */
function loggerOf({ onBroken }: AgentSurroundings): Logger {
  const hear = (message: string, fields: LogFields | undefined): void => {
    const error = fields?.["error"];
    if (error === undefined || (AgentError.is(error) && error.code !== "INTERNAL")) return;
    onBroken(`${message}: ${AgentError.from(error).message}`);
  };
  return { debug: () => {}, info: () => {}, warn: hear, error: hear };
}

function telemetryOf(hits: Hits): Telemetry {
  return {
    ...noTelemetry,
    count: (name, labels) => {
      if (name === "steps_total") hits.add("steps", labels?.["step"] ?? "");
    },
  };
}
