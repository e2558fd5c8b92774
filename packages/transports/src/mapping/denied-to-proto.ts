import { create } from "@bufbuild/protobuf";
import type { DeniedCalls } from "../access/denied-calls.ts";
import { type AgentAction, AgentActionSchema } from "../gen/persys/agent/v1/agent_pb.ts";
import { toSeconds } from "./time.ts";

/** The status under which denied calls are asked for and shown. */
export const deniedStatus = "denied";

/** Denied calls in the form of an entry of the history. */
export function deniedToProto(denied: DeniedCalls): AgentAction {
  return create(AgentActionSchema, {
    workloadId: denied.workloadId,
    // As the actions are called: ApplyWorkload is apply_workload.
    actionType: denied.method.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase(),
    status: deniedStatus,
    error: denied.message,
    createdAt: toSeconds(denied.firstAtMs),
    endedAt: toSeconds(denied.lastAtMs),
    caller: denied.identity ?? "",
    traceparent: denied.traceparent ?? "",
    seq: BigInt(denied.seq),
    reason: denied.reason,
    count: BigInt(denied.count),
    address: denied.address ?? "",
  });
}
