import {
  AgentError,
  assert,
  type Clock,
  type InstanceExit,
  type InstanceHealth,
  specDigest,
} from "@persys/core";
import { SimulatedEvents } from "./simulated-events.ts";
import { type FaultableCall, SimulatedFaults } from "./simulated-faults.ts";
import {
  isUp,
  type SimulatedHolding,
  type SimulatedInstance,
  SimulatedInstances,
} from "./simulated-instances.ts";
import { SimulatedJournal } from "./simulated-journal.ts";

/** What a simulated world is made of. */
export interface SimulatedWorldOptions {
  readonly clock: Clock;
  /** How many changing calls the journal remembers. Default 10,000. */
  readonly journalMax?: number;
}

/**
 * A host in memory on which a {@link SimulatedRuntime} runs its workloads. It outlives the runtime, so that an agent can be ended at any
 * moment and started anew on what it left behind. Here a test also acts behind the agent's back, sets faults, and reads what was done:
 *
 *     world ── instances   what exists
 *           ├─ journal     what was asked of it
 *           ├─ faults      what is to go wrong
 *           ├─ events      how hints are delivered
 *           └─ violations  which promises to a runtime, or between its instances, were broken
 */
export class SimulatedWorld {
  readonly clock: Clock;
  /** Broken promises, in words: overlapping calls for one id, two live instances of one id. Empty in a sound world. */
  readonly violations: readonly string[];
  readonly journal: SimulatedJournal;
  readonly faults: SimulatedFaults = new SimulatedFaults();
  readonly events: SimulatedEvents;
  /** What exists. For runtimes; tests have the methods below. */
  readonly instances: SimulatedInstances;
  /** Looks taken since the beginning. */
  readonly reads: { list: number; observe: number } = { list: 0, observe: 0 };
  /** How long calls take in this world, by the clock, besides what a spec says. Default 0 each. */
  latencyMs: Readonly<Partial<Record<FaultableCall, number>>> = {};
  readonly #strangers = new Map<string, { readonly holdsName: boolean }>();
  #unreachable = false;

  constructor(options: SimulatedWorldOptions) {
    const violations: string[] = [];
    this.clock = options.clock;
    this.violations = violations;
    this.journal = new SimulatedJournal(options.journalMax ?? 10_000, violations);
    this.events = new SimulatedEvents(options.clock);
    this.instances = new SimulatedInstances(options.clock, this.events, violations);
  }

  /** Whether the runtime cannot be reached. */
  get unreachable(): boolean {
    return this.#unreachable;
  }

  /** Cuts the runtime off, with every event stream, or brings it back. The workloads run on. */
  setUnreachable(unreachable: boolean): void {
    this.#unreachable = unreachable;
    if (unreachable) this.events.breakOff(unreachableError());
  }

  /** Ends the current run of `id` behind the agent's back: by default with 137, as a kill does. */
  kill(id: string, exit: InstanceExit = { kind: "code", code: 137 }): void {
    const { holding, current } = this.#current(id);
    this.instances.end(holding, current, exit);
  }

  /** Removes an instance of `id` behind the agent's back, running or not. */
  removeBehind(id: string, which: "current" | "kept" = "current"): void {
    const holding = this.instances.get(id);
    assert(holding?.[which] !== undefined, `${id} has no ${which} instance`);
    this.instances.drop(holding, which);
  }

  /** Freezes the current instance of `id`. */
  pause(id: string): void {
    const { holding, current } = this.#current(id);
    this.instances.freeze(holding, current);
  }

  /** Runs the current instance of `id`, as somebody else might. */
  startBehind(id: string): void {
    const { holding, current } = this.#current(id);
    if (!isUp(current)) this.instances.run(holding, current);
  }

  /** Sets what the health check of `id` says from now on. */
  setHealth(id: string, health: InstanceHealth): void {
    const { holding, current } = this.#current(id);
    this.instances.setHealth(holding, current, health);
  }

  /** Lets the current instance of `id` differ from what was made, until its next start. */
  setDrift(id: string, drift: readonly string[]): void {
    const { holding, current } = this.#current(id);
    this.instances.setDrift(holding, current, drift);
  }

  /** Loses what prepare has made for `id`. */
  losePrepared(id: string): void {
    const holding = this.instances.get(id);
    if (holding !== undefined) this.instances.keepPrepared(holding, []);
  }

  /** Ends everything at once with unknown exits, as a reboot of the host does. */
  reboot(): void {
    for (const holding of this.instances.all()) {
      for (const instance of [holding.current, holding.kept]) {
        if (instance !== undefined) this.instances.end(holding, instance, { kind: "unknown" });
      }
    }
  }

  /**
   * Puts something there that is not ours and has the name `id`. It cannot be seen or touched through a runtime; with `holdsName` it keeps
   * ours from being made under that name.
   */
  addStranger(id: string, options: { readonly holdsName?: boolean } = {}): void {
    this.#strangers.set(id, { holdsName: options.holdsName ?? false });
  }

  /** Removes what `addStranger` put there. */
  removeStranger(id: string): void {
    this.#strangers.delete(id);
  }

  /** Whether something that is not ours has the name `id` for itself. */
  isNameTaken(id: string): boolean {
    return this.#strangers.get(id)?.holdsName ?? false;
  }

  /** Puts a running instance there that carries our marks though no record knows of it. */
  addOrphan(id: string): void {
    const holding = this.instances.ensure(id);
    const spec = { note: "orphan" };
    const target = { uid: "orphan", revisionId: "orphan", specDigest: specDigest(spec), spec };
    this.instances.run(holding, this.instances.make(holding, target));
  }

  /** What exists under `id`, for assertions: the current instance first. */
  instancesOf(id: string): readonly Readonly<SimulatedInstance>[] {
    const holding = this.instances.get(id);
    return [holding?.current, holding?.kept].filter((it) => it !== undefined);
  }

  /** How many live instances `id` has: never more than 1 in a sound world. */
  liveCount(id: string): number {
    return this.instancesOf(id).filter(isUp).length;
  }

  /** Ids under which anything is left, half-made and prepared things included. */
  get ids(): readonly string[] {
    return Array.from(this.instances.all(), (it) => it.id);
  }

  /** @throws {Error} naming every promise that was broken. */
  assertSound(): void {
    if (this.violations.length > 0) throw new Error(this.violations.join("\n"));
  }

  #current(id: string): {
    readonly holding: SimulatedHolding;
    readonly current: SimulatedInstance;
  } {
    const holding = this.instances.get(id);
    assert(holding?.current !== undefined, `${id} has no current instance`);
    return { holding, current: holding.current };
  }
}

/** What every call says while a simulated world cannot be reached. */
export function unreachableError(): AgentError {
  return new AgentError("RUNTIME_UNAVAILABLE", "the simulated runtime cannot be reached", {
    retryable: true,
    effect: "none",
  });
}
