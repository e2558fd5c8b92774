import {
  type ActionFilter,
  actionStatuses,
  actionTypes,
  type ActualState,
  type LogOptions,
  type Violation,
  type WatchOptions,
  type WorkloadFilter,
} from "@persys/core";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
  ActualStateSchema,
  type ActualState as ActualStateValue,
  type ListActionsRequest,
  type StreamLogsRequest,
  type WatchWorkloadsRequest,
  WorkloadType,
  WorkloadTypeSchema,
} from "../gen/persys/agent/v1/agent_pb.ts";
import { enumRule } from "../schema/rule-for.ts";
import { actualStateOfValue, runtimeOfType } from "./enums.ts";

/** The parts that requests for several workloads share. */
export interface FilterMessage {
  readonly type: WorkloadType;
  readonly runtime: string;
  readonly states: readonly ActualStateValue[];
  readonly labels: Readonly<Record<string, string>>;
}

/** A filter, and whether it further means only custom runtimes, of any name. */
export interface ReadFilter {
  readonly filter: WorkloadFilter;
  readonly onlyCustom: boolean;
}

/** A filter of the contract in the form of the core. Rules that it breaks are added to `violations`. */
export function filterFromProto(message: FilterMessage, violations: Violation[]): ReadFilter {
  const { type, runtime, states, labels } = message;
  const onlyCustom = type === WorkloadType.CUSTOM;
  const ofType = runtimeOfType.get(type);
  if (type !== WorkloadType.UNSPECIFIED && !onlyCustom && ofType === undefined) {
    violations.push({ path: ["type"], rule: enumRule(WorkloadTypeSchema), seen: String(type) });
  }
  if (ofType !== undefined && runtime !== "" && runtime !== ofType) {
    violations.push({
      path: ["runtime"],
      rule: `must agree with the type, which is that of ${ofType}`,
      seen: runtime,
    });
  }
  const wanted = runtime === "" ? ofType : runtime;
  const filter: WorkloadFilter = {
    ...(wanted === undefined ? {} : { type: wanted }),
    ...(states.length === 0 ? {} : { states: statesFrom(states, violations) }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
  return { filter, onlyCustom };
}

function statesFrom(
  values: readonly ActualStateValue[],
  violations: Violation[],
): readonly ActualState[] {
  return values.flatMap((value, index) => {
    const state = actualStateOfValue.get(value);
    if (state !== undefined) return [state];
    violations.push({
      path: ["states", index],
      rule: enumRule(ActualStateSchema),
      seen: String(value),
    });
    return [];
  });
}

/** What to watch, in the form of the core. */
export function watchFromProto(
  message: WatchWorkloadsRequest,
  violations: Violation[],
): WatchOptions {
  const { id, resumeToken } = message;
  return {
    ...filterFromProto(message, violations).filter,
    ...(id === "" ? {} : { id }),
    ...(resumeToken === "" ? {} : { resumeToken }),
  };
}

/** How much of the logs is wanted, in the form of the core. */
export function logOptionsFromProto(
  message: StreamLogsRequest,
  violations: Violation[],
): LogOptions {
  const { follow, tailLines, since } = message;
  if (tailLines !== undefined && tailLines < 0) {
    violations.push({ path: ["tailLines"], rule: "must be at least 0", seen: String(tailLines) });
  }
  return {
    follow,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(since === undefined ? {} : { sinceMs: timestampMs(since) }),
  };
}

/** Which entries of the history are wanted, in the form of the core. */
export function actionFilterFromProto(
  message: ListActionsRequest,
  violations: Violation[],
): ActionFilter {
  const { workloadId, limit, newestFirst } = message;
  const type = oneOf(actionTypes, message.actionType, { name: "actionType", violations });
  const status = oneOf(actionStatuses, message.status, { name: "status", violations });
  if (limit < 0)
    violations.push({ path: ["limit"], rule: "must be at least 0", seen: String(limit) });
  return {
    ...(workloadId === "" ? {} : { workloadId }),
    ...(type === undefined ? {} : { type }),
    ...(status === undefined ? {} : { status }),
    limit,
    newestFirst,
  };
}

function oneOf<T extends string>(
  values: readonly T[],
  given: string,
  { name, violations }: { name: string; violations: Violation[] },
): T | undefined {
  if (given === "") return undefined;
  const value = values.find((one) => one === given);
  if (value === undefined) {
    violations.push({
      path: [name],
      rule: `must be one of ${values.join(", ")}`,
      seen: given.slice(0, 80),
    });
  }
  return value;
}
