import type { ActualState, Clock, WorkloadRuntime } from "@persys/core";
import type { SeededRandom } from "../seeded-random.ts";

/** What a simulation gives a model of a runtime to be made of. All its time and chance must come from here. */
export interface ModelSurroundings {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Whether the runtime is to have events; one that cannot be without, or cannot have any, may disregard it. */
  readonly events: boolean;
}

/** What simulated users ask of the runtime. */
export interface ModelSpec {
  /** Lower-case letters. Revision ids begin with it. */
  readonly name: string;
  /** A spec the runtime accepts. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** A member of the spec that may hold any text and changes nothing: revisions of one spec differ in it. */
  readonly noteMember: string;
  /** The states in which a workload with this spec may be for good, once nothing disturbs it and it is wanted running. */
  readonly ends: readonly ActualState[];
}

/** Something that happens to a workload behind the agent's back. */
export interface ModelDisturbance {
  readonly name: string;
  /** Lets it happen. Returns false, having done nothing, when it cannot happen to what there is. */
  strike(id: string): boolean;
}

/** An instance that exists in the world of a model. */
export interface ModelInstance {
  readonly revisionId: string;
  readonly specDigest: string;
  /** Whether it holds the resources of a live one. */
  readonly isLive: boolean;
  readonly isKept: boolean;
}

/** One agent's way to the runtime. */
export interface ModelConnection {
  readonly runtime: WorkloadRuntime;
  /** From now on nothing that was called or will be called through this connection has any effect: the agent's process is gone. */
  die(): void;
}

/**
 * A runtime under simulation: the world in which its workloads live, which outlives every agent. The simulation itself lets calls fail, hang
 * and take long, loses and repeats events and cuts the runtime off; a model says what exists, and what else can happen to it.
 */
export interface RuntimeModel {
  readonly type: string;
  readonly specs: readonly [ModelSpec, ...ModelSpec[]];
  readonly disturbances: readonly [ModelDisturbance, ...ModelDisturbance[]];
  /** A new agent connects. */
  connect(): ModelConnection;
  /** What exists under an id: a live instance first. */
  instancesOf(id: string): readonly ModelInstance[];
  /** Digests of the specs for which anything was prepared under an id. */
  preparedOf(id: string): readonly string[];
  /** Ids under which anything is left: instances, and what was prepared for them. */
  ids(): Iterable<string>;
  /** Broken promises that the model has noticed itself, in words. */
  violations(): readonly string[];
  /** The host is rebooted: everything ends. */
  reboot(): void;
  /** Everything that was set to go wrong goes well from now on. */
  heal(): void;
}

/** Makes a model. What a module for `--module` exports as `createModel`. */
export type RuntimeModelFactory = (surroundings: ModelSurroundings) => RuntimeModel;
