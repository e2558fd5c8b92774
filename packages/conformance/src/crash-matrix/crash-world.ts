import type {
  Observation,
  StateStore,
  WorkloadId,
  WorkloadRecord,
  WorkloadRuntime,
} from "@persys/core";
import type { ManualClock } from "../manual-clock.ts";
import type { PortCall } from "../port-tap.ts";
import type { Disturbance, Program } from "./story.ts";

/** One of the two ports as one agent has it. */
export interface Mortal<T> {
  readonly port: T;
  /** From now on nothing that was or will be called has an effect or returns, as when the agent's process is killed. */
  readonly die: () => void;
}

/** A way to cut a call short with its work half done. */
export interface Midway {
  /** What is half done, such as `stopped, not started`. Names it among the ways of one call. */
  readonly name: string;
  /** Called before the call is made; calls `die` once its work is half done, if it comes to that. */
  readonly arrange: (die: () => void) => void;
}

/**
 * What outlives the agents of a crash matrix: time, a host with workloads, and a disk with what was stored. Everything in it has to come out the
 * same each time.
 */
export interface CrashWorld {
  readonly clock: ManualClock;
  /** The type of its workloads. */
  readonly type: string;
  /** A spec for the program; specs of two revisions differ. Undefined where it knows nothing of the kind: stories of it are left out. */
  readonly spec: (program: Program, revisionId: string) => object | undefined;
  /** The runtime as a new agent has it. What it holds outlives it. */
  readonly newRuntime: () => Mortal<WorkloadRuntime>;
  /** The store as a new agent has it. What it has stored outlives it. */
  readonly newStore: () => Mortal<StateStore>;
  /** What is stored of a workload now. */
  readonly record: (id: string) => WorkloadRecord | undefined;
  /** Lets something happen to the current instance of a workload; nothing where there is none. */
  readonly disturb: (what: Disturbance, id: string) => void;
  /** Lets every prepare fail for good from now on, or no more. */
  readonly forbidPrepares: (isForbidden: boolean) => void;
  /** The ways in which a call like this one, that took so long, can be cut short; empty where it has no inner boundary. */
  readonly midways: (call: PortCall, tookMs: number) => readonly Midway[];
  /** Ids of all that exists, half-made and prepared things included. */
  readonly ids: () => readonly string[];
  /** What a look at the workload finds now, without any trouble. */
  readonly observe: (id: WorkloadId) => Observation;
  /** What there is for an id besides instances, such as what was prepared, in words that come out the same each time. */
  readonly residue: (id: string) => readonly string[];
  /** Promises to the runtime that were broken, such as two live instances, in words. */
  readonly violations: () => readonly string[];
}

/** Makes worlds that are all alike. */
export type NewCrashWorld = () => CrashWorld;
