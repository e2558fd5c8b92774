import {
  assert,
  type Clock,
  type InstanceExit,
  type InstanceHealth,
  type InstanceState,
  isWorkloadId,
  type Json,
  type Observation,
  type Target,
  type WorkloadId,
} from "@persys/core";
import type { SimulatedEvents } from "./simulated-events.ts";
import { behaviourOf, type SimulatedSpec } from "./simulated-spec.ts";

/** One instance in a simulated world. Changed only through {@link SimulatedInstances}. */
export interface SimulatedInstance {
  readonly handle: string;
  readonly uid: string;
  readonly revisionId: string;
  readonly specDigest: string;
  readonly behaviour: SimulatedSpec;
  kept: boolean;
  state: InstanceState;
  health: InstanceHealth;
  /** 0 before the first start. */
  run: number;
  startedAtMs: number;
  exit: InstanceExit | undefined;
  drift: readonly string[];
  /** Takes back what this run does by itself later. */
  cancelTimer: (() => void) | undefined;
}

/** What exists in a simulated world under one id. */
export interface SimulatedHolding {
  readonly id: WorkloadId;
  /** Changes whenever anything here does; never the same again. */
  glance: string;
  current: SimulatedInstance | undefined;
  kept: SimulatedInstance | undefined;
  /** What prepare made, by digest of the spec; `whole` false where it was interrupted. */
  prepared: readonly { readonly digest: string; readonly whole: boolean }[];
}

/**
 * The instances of a simulated world and the ways they change. Every change renews the glance of its id and sends a hint; two live
 * instances under one id are noted as a violation the moment they are.
 */
export class SimulatedInstances {
  readonly #clock: Clock;
  readonly #events: SimulatedEvents;
  readonly #violations: string[];
  readonly #holdings = new Map<string, SimulatedHolding>();
  readonly #behaviours = new Map<string, SimulatedSpec>();
  #changes = 0;
  #handles = 0;
  #runs = 0;

  constructor(clock: Clock, events: SimulatedEvents, violations: string[]) {
    this.#clock = clock;
    this.#events = events;
    this.#violations = violations;
  }

  /** Everything that exists, by id. */
  all(): IterableIterator<SimulatedHolding> {
    return this.#holdings.values();
  }

  get(id: string): SimulatedHolding | undefined {
    return this.#holdings.get(id);
  }

  /** What exists under `id`; an empty holding is made where nothing does. */
  ensure(id: string): SimulatedHolding {
    const known = this.#holdings.get(id);
    if (known !== undefined) return known;
    assert(isWorkloadId(id), `${id} is not the id of a workload`);
    const made: SimulatedHolding = {
      id,
      glance: "",
      current: undefined,
      kept: undefined,
      prepared: [],
    };
    this.#holdings.set(id, made);
    return made;
  }

  /**
   * Puts there what an earlier look at another world saw, as if it had gone on existing: same handles, runs and glance. `specs` holds the
   * spec of every digest among the instances.
   */
  adopt(id: WorkloadId, seen: Observation, specs: ReadonlyMap<string, Json>): void {
    if (seen.kind !== "present") return;
    const holding = this.ensure(id);
    for (const instance of seen.instances) {
      const spec = specs.get(instance.specDigest);
      assert(spec !== undefined, `the spec of ${instance.specDigest} is not given`);
      const run = Number(instance.run ?? 0);
      const adopted: SimulatedInstance = {
        ...instance,
        behaviour: this.behaviour({ specDigest: instance.specDigest, spec }),
        run,
        startedAtMs: instance.startedAtMs ?? 0,
        exit: instance.exit,
        cancelTimer: undefined,
      };
      holding[instance.kept ? "kept" : "current"] = adopted;
      this.setPrepared(holding, instance.specDigest, true);
      this.#runs = Math.max(this.#runs, run);
      this.#handles = Math.max(this.#handles, Number(instance.handle.split("-").at(-1)));
    }
    holding.glance = seen.glance;
    this.#changes = Math.max(this.#changes, Number.parseInt(seen.glance, 36));
  }

  /** Makes the target's instance, not yet started, the current one. */
  make(holding: SimulatedHolding, target: Omit<Target, "id" | "stopGraceMs">): SimulatedInstance {
    this.#handles += 1;
    const made: SimulatedInstance = {
      handle: `simulated-${this.#handles}`,
      uid: target.uid,
      revisionId: target.revisionId,
      specDigest: target.specDigest,
      behaviour: this.behaviour(target),
      kept: false,
      state: "created",
      health: "none",
      run: 0,
      startedAtMs: 0,
      exit: undefined,
      drift: [],
      cancelTimer: undefined,
    };
    holding.current = made;
    this.#changed(holding, "created");
    return made;
  }

  /** What a spec makes its instances do. Parsed once for each digest. */
  behaviour(target: Pick<Target, "specDigest" | "spec">): SimulatedSpec {
    const known = this.#behaviours.get(target.specDigest);
    if (known !== undefined) return known;
    const behaviour = behaviourOf(target.spec);
    this.#behaviours.set(target.specDigest, behaviour);
    return behaviour;
  }

  /** Begins a new run. */
  run(holding: SimulatedHolding, instance: SimulatedInstance): void {
    this.#runs += 1;
    const { program, exitAfterMs = 0, health = "none", healthyAfterMs } = instance.behaviour;
    instance.cancelTimer?.();
    instance.cancelTimer = undefined;
    instance.run = this.#runs;
    instance.startedAtMs = this.#clock.wallMs();
    instance.exit = undefined;
    instance.drift = [];
    instance.health = health;
    this.#become(holding, instance, "running");
    if (program === "exit") this.#exitLater(holding, instance, exitAfterMs);
    else if (health === "starting" && healthyAfterMs !== undefined) {
      this.#after(instance, healthyAfterMs, () => this.setHealth(holding, instance, "healthy"));
    }
  }

  /** Ends the run, if one is under way. */
  end(holding: SimulatedHolding, instance: SimulatedInstance, exit: InstanceExit): void {
    if (instance.state === "exited" || instance.state === "created") return;
    instance.cancelTimer?.();
    instance.cancelTimer = undefined;
    instance.exit = { ...exit, endedAtMs: this.#clock.wallMs() };
    instance.health = "none";
    this.#become(holding, instance, "exited");
  }

  /** Asks the run to end by itself, which takes as long as its spec says. */
  askToEnd(holding: SimulatedHolding, instance: SimulatedInstance, exit: InstanceExit): void {
    if (instance.state === "stopping") return;
    this.#become(holding, instance, "stopping");
    this.#after(instance, instance.behaviour.stopMs ?? 0, () => this.end(holding, instance, exit));
  }

  freeze(holding: SimulatedHolding, instance: SimulatedInstance): void {
    this.#become(holding, instance, "paused");
  }

  thaw(holding: SimulatedHolding, instance: SimulatedInstance): void {
    this.#become(holding, instance, "running");
  }

  setHealth(holding: SimulatedHolding, instance: SimulatedInstance, health: InstanceHealth): void {
    instance.health = health;
    this.#changed(holding, "health");
  }

  setDrift(holding: SimulatedHolding, instance: SimulatedInstance, drift: readonly string[]): void {
    instance.drift = drift;
    this.#changed(holding, "drifted");
  }

  /** Sets the current instance aside. */
  setAside(holding: SimulatedHolding): void {
    if (holding.current === undefined) return;
    holding.current.kept = true;
    holding.kept = holding.current;
    holding.current = undefined;
    this.#changed(holding, "renamed");
  }

  /** Makes the instance that was set aside the current one again. */
  bringBack(holding: SimulatedHolding): void {
    if (holding.kept === undefined) return;
    holding.kept.kept = false;
    holding.current = holding.kept;
    holding.kept = undefined;
    this.#changed(holding, "renamed");
  }

  /** Removes one instance, running or not. */
  drop(holding: SimulatedHolding, which: "current" | "kept"): void {
    const instance = holding[which];
    if (instance === undefined) return;
    instance.cancelTimer?.();
    instance.cancelTimer = undefined;
    // Whoever still holds it finds nothing to end.
    instance.state = "exited";
    holding[which] = undefined;
    this.#changed(holding, "removed");
  }

  /** Notes what prepare has made so far. */
  setPrepared(holding: SimulatedHolding, digest: string, whole: boolean): void {
    holding.prepared = [
      ...holding.prepared.filter((it) => it.digest !== digest),
      { digest, whole },
    ];
  }

  isPrepared(holding: SimulatedHolding | undefined, digest: string): boolean {
    return holding?.prepared.some((it) => it.digest === digest && it.whole) ?? false;
  }

  /** Removes what prepare made for other digests than these. */
  keepPrepared(holding: SimulatedHolding, digests: readonly string[]): void {
    holding.prepared = holding.prepared.filter((it) => digests.includes(it.digest));
    this.#forgetEmpty(holding);
  }

  #exitLater(holding: SimulatedHolding, instance: SimulatedInstance, delayMs: number): void {
    const { exitCode = 0 } = instance.behaviour;
    const exit: InstanceExit =
      exitCode === "unknown" ? { kind: "unknown" } : { kind: "code", code: exitCode };
    if (delayMs === 0) this.end(holding, instance, exit);
    else this.#after(instance, delayMs, () => this.end(holding, instance, exit));
  }

  /** Does something later, unless the run has something else to do by then. */
  #after(instance: SimulatedInstance, delayMs: number, act: () => void): void {
    instance.cancelTimer?.();
    instance.cancelTimer = this.#clock.schedule(delayMs, () => {
      instance.cancelTimer = undefined;
      act();
    });
  }

  #become(holding: SimulatedHolding, instance: SimulatedInstance, state: InstanceState): void {
    instance.state = state;
    const other = instance === holding.current ? holding.kept : holding.current;
    if (isUp(instance) && other !== undefined && isUp(other)) {
      this.#violations.push(
        `two instances of ${holding.id} are live: ${instance.revisionId} and ${other.revisionId}`,
      );
    }
    this.#changed(holding, state);
  }

  #changed(holding: SimulatedHolding, what: string): void {
    this.#changes += 1;
    holding.glance = this.#changes.toString(36);
    this.#forgetEmpty(holding);
    this.#events.emit(holding.id, what);
  }

  #forgetEmpty(holding: SimulatedHolding): void {
    const empty =
      holding.current === undefined && holding.kept === undefined && holding.prepared.length === 0;
    if (empty) this.#holdings.delete(holding.id);
  }
}

/** Whether the instance holds the resources of a live one. */
export function isUp(instance: SimulatedInstance): boolean {
  return instance.state !== "created" && instance.state !== "exited";
}
