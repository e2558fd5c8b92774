import { actualStates, errorCodes, observedFailureReasons } from "@persys/core";
import {
  ActualState,
  ActualStateSchema,
  DesiredState,
  FailureReason,
  FailureReasonSchema,
  WorkloadHealth,
  WorkloadType,
  WorkloadTypeSchema,
} from "@persys/transports/gen";
import { describe, expect, it } from "vitest";
import {
  actualStateOfValue,
  actualStateValues,
  desiredStates,
  failureReasons,
  healthValues,
  runtimeOfType,
  typeOfRuntime,
} from "../../src/mapping/enums.ts";

describe("the contract", () => {
  it("has every reason of a failure, and no other", () => {
    const named = FailureReasonSchema.values.slice(1).map((one) => one.localName);

    expect(named.toSorted()).toEqual([...errorCodes, ...observedFailureReasons].toSorted());
    expect(new Set(Object.values(failureReasons)).size).toBe(Object.keys(FailureReason).length);
  });

  it("has every actual state, and no other", () => {
    expect(ActualStateSchema.values.slice(1).map((one) => one.localName.toLowerCase())).toEqual([
      ...actualStates,
    ]);
    for (const state of actualStates) {
      expect(actualStateOfValue.get(actualStateValues[state])).toBe(state);
    }
    expect(actualStateOfValue.get(ActualState.UNSPECIFIED)).toBeUndefined();
  });

  it("has every wanted state and health", () => {
    expect(desiredStates).toEqual({
      running: DesiredState.RUNNING,
      stopped: DesiredState.STOPPED,
      deleted: DesiredState.DELETED,
    });
    expect(healthValues).toEqual({
      none: WorkloadHealth.NONE,
      starting: WorkloadHealth.STARTING,
      healthy: WorkloadHealth.HEALTHY,
      unhealthy: WorkloadHealth.UNHEALTHY,
    });
  });

  it("has a type for every runtime, CUSTOM for those it does not know", () => {
    for (const { number, localName } of WorkloadTypeSchema.values) {
      const runtime = runtimeOfType.get(number as WorkloadType);
      const nameless = number === WorkloadType.UNSPECIFIED || number === WorkloadType.CUSTOM;
      expect(runtime).toBe(nameless ? undefined : localName.toLowerCase());
      if (runtime !== undefined) expect(typeOfRuntime(runtime)).toBe(number);
    }
    expect(typeOfRuntime("lamp")).toBe(WorkloadType.CUSTOM);
  });
});
