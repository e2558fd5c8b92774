import {
  ActualState,
  ActualStateSchema,
  DesiredStateSchema,
  FailureReasonSchema,
  WorkloadHealthSchema,
  type WorkloadStatus,
  WorkloadTypeSchema,
} from "@persys/client/contract";
import type { DescEnum } from "@bufbuild/protobuf";
import type { Paint, Palette } from "../output.ts";

/** `RUNNING`; a number that this version does not know prints as such. */
export function stateName(state: number): string {
  return enumName(ActualStateSchema, state);
}

/** `running`. */
export function desiredName(desired: number): string {
  return enumName(DesiredStateSchema, desired).toLowerCase();
}

/** `healthy`; empty where the workload has no check. */
export function healthName(health: number): string {
  const name = enumName(WorkloadHealthSchema, health).toLowerCase();
  return name === "none" || name === "unspecified" ? "" : name;
}

/** `EXITED`. */
export function reasonName(reason: number): string {
  return enumName(FailureReasonSchema, reason);
}

/** What runs a workload: the name of its runtime, else of its type. */
export function runtimeName(status: WorkloadStatus): string {
  return status.runtime || enumName(WorkloadTypeSchema, status.type).toLowerCase();
}

/** The colour of a state. */
export function statePaint(palette: Palette, state: ActualState): Paint {
  switch (state) {
    case ActualState.RUNNING:
      return palette.good;
    case ActualState.FAILED:
    case ActualState.UNKNOWN:
      return palette.bad;
    case ActualState.PENDING:
      return palette.busy;
    default:
      return palette.faint;
  }
}

function enumName(schema: DescEnum, value: number): string {
  return schema.value[value]?.localName ?? String(value);
}
