import { ActualState, type DesiredState, type WorkloadType } from "@persys/client/contract";

/** `RUNNING` for the value of that name; the number where it has none. */
export function stateName(state: ActualState): string {
  const entry = Object.entries(ActualState).find(([, value]) => value === state);
  return entry?.[0] ?? String(state);
}

/** A number that no enum of the contract has: what a later version, or a broken client, may send. */
const unknownNumber: number = 77;

/** It as a type of workload. */
export const unknownType: WorkloadType = unknownNumber as WorkloadType;

/** It as a wanted state. */
export const unknownDesired: DesiredState = unknownNumber as DesiredState;

/** It as a state. */
export const unknownState: ActualState = unknownNumber as ActualState;
