import type {
  ActualState,
  DesiredState as CoreDesiredState,
  FailureReason as CoreFailureReason,
  InstanceHealth,
} from "@persys/core";
import {
  ActualState as ActualStateEnum,
  DesiredState,
  FailureReason,
  LogStream,
  WorkloadHealth,
  WorkloadType,
} from "../gen/persys/agent/v1/agent_pb.ts";

/** The runtimes that have a type of their own in the contract, by that type. */
export const runtimeOfType: ReadonlyMap<WorkloadType, string> = new Map<WorkloadType, string>([
  [WorkloadType.CONTAINER, "container"],
  [WorkloadType.COMPOSE, "compose"],
  [WorkloadType.VM, "vm"],
  [WorkloadType.PROCESS, "process"],
]);

const typeOfRuntimes: ReadonlyMap<string, WorkloadType> = inverse(runtimeOfType);

/** The contract's type for a runtime: CUSTOM for one that has none of its own. */
export function typeOfRuntime(runtime: string): WorkloadType {
  return typeOfRuntimes.get(runtime) ?? WorkloadType.CUSTOM;
}

/** The contract's value for each wanted state. */
export const desiredStates: Readonly<Record<CoreDesiredState, DesiredState>> = {
  running: DesiredState.RUNNING,
  stopped: DesiredState.STOPPED,
  deleted: DesiredState.DELETED,
};

/** The contract's value for each actual state. */
export const actualStateValues: Readonly<Record<ActualState, ActualStateEnum>> = {
  pending: ActualStateEnum.PENDING,
  running: ActualStateEnum.RUNNING,
  stopped: ActualStateEnum.STOPPED,
  failed: ActualStateEnum.FAILED,
  unknown: ActualStateEnum.UNKNOWN,
};

/** The actual state for each value of the contract but UNSPECIFIED. */
export const actualStateOfValue: ReadonlyMap<ActualStateEnum, ActualState> = inverse(
  new Map(Object.entries(actualStateValues) as [ActualState, ActualStateEnum][]),
);

/** The contract's value for each health. */
export const healthValues: Readonly<Record<InstanceHealth, WorkloadHealth>> = {
  none: WorkloadHealth.NONE,
  starting: WorkloadHealth.STARTING,
  healthy: WorkloadHealth.HEALTHY,
  unhealthy: WorkloadHealth.UNHEALTHY,
};

/** The contract's value for each output of a program. */
export const logStreams: Readonly<Record<"stdout" | "stderr", LogStream>> = {
  stdout: LogStream.STDOUT,
  stderr: LogStream.STDERR,
};

/** The contract's value for each reason of a failure: both lists have the same names. */
export const failureReasons: Readonly<Record<CoreFailureReason, FailureReason>> = FailureReason;

function inverse<K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<V, K> {
  return new Map(Array.from(map, ([key, value]) => [value, key]));
}
