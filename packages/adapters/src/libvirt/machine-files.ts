import type { Target, WorkloadId } from "@persys/core";

/** What a machine has on the host besides its definition. */
export interface MachineFiles {
  /** @throws {AgentError} NOT_PREPARED, with effect `none`, where something is not there that a target's machine is made from */
  readonly assertPrepared: (target: Target, signal: AbortSignal) => Promise<void>;
  /** Makes the place for what a machine of a workload writes: its console. */
  readonly makePlace: (id: WorkloadId) => Promise<void>;
  /** Makes the disks of a target's machine, which is down, as large as they are wanted. */
  readonly grow: (target: Target, signal: AbortSignal) => Promise<void>;
  /** A description that was kept with what nobody else may see of it, and is therefore not kept with it. @throws {AgentError} STORAGE_ERROR */
  readonly withSecrets: (id: WorkloadId, instance: string, xml: string) => Promise<string>;
  /** Whether two makings of a machine are the same but for how much they are given of processors and memory. @throws {AgentError} STORAGE_ERROR */
  readonly isResized: (id: WorkloadId, one: string, other: string) => Promise<boolean>;
  /** The disks that the machines of a workload have had, and that may have been made for it. */
  readonly disksOf: (id: WorkloadId) => Promise<readonly string[]>;
  /** Removes the disks that were made for a workload and are not retained. No machine uses them. */
  readonly removeDisks: (id: WorkloadId) => Promise<void>;
  /** Removes all else that was made for a workload. */
  readonly removeRest: (id: WorkloadId, signal: AbortSignal) => Promise<void>;
}
