import { ActualState } from "@persys/client/contract";

/** `RUNNING` for the value of that name; the number where it has none. */
export function stateName(state: ActualState): string {
  const entry = Object.entries(ActualState).find(([, value]) => value === state);
  return entry?.[0] ?? String(state);
}

/** A value that no enum of the contract has, as one of `T`: what a later version, or a broken client, may send. */
export function unknownValue<T extends number>(): T {
  return 77 as T;
}
