import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type Action,
  type AgentHealth,
  type Explanation,
  type LogChunk,
  unreachable,
  type WatchEvent,
} from "@persys/core";
import {
  type AgentAction,
  AgentActionSchema,
  type ExplainWorkloadResponse,
  ExplainWorkloadResponseSchema,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  type StreamLogsResponse,
  StreamLogsResponseSchema,
  type WatchWorkloadsResponse,
  WatchWorkloadsResponseSchema,
} from "../gen/persys/agent/v1/agent_pb.ts";
import { desiredStates, healthValues, logStreams } from "./enums.ts";
import { statusToProto } from "./status-to-proto.ts";
import { toSeconds, toTimestamp } from "./time.ts";

/** An entry of the history in the form of the contract. */
export function actionToProto(action: Action): AgentAction {
  return create(AgentActionSchema, {
    taskId: action.taskId,
    workloadId: action.workloadId,
    actionType: action.type,
    status: action.status,
    error: action.error,
    createdAt: toSeconds(action.createdAtMs),
    startedAt: toSeconds(action.startedAtMs),
    endedAt: toSeconds(action.endedAtMs),
    revisionId: action.revisionId,
    generation: BigInt(action.generation),
    caller: action.caller,
    traceparent: action.traceparent ?? "",
    seq: BigInt(action.seq),
  });
}

/** How the agent is, in the form of the contract. */
export function healthToProto(health: AgentHealth): HealthCheckResponse {
  return create(HealthCheckResponseSchema, {
    healthy: health.healthy,
    version: health.version,
    reasons: [...health.reasons],
    runtimeStatus: { ...health.runtimes },
    runtimeVersions: { ...health.runtimeVersions },
    memoryUtilization: health.utilization.memoryPercent,
    cpuUtilization: health.utilization.cpuPercent,
    diskUtilization: health.utilization.diskPercent,
    nodeId: health.nodeId,
    store: health.store,
    workloadCounts: { ...health.workloads },
    orphans: [...health.orphans],
  });
}

/** An event of a watch in the form of the contract. */
export function watchEventToProto(event: WatchEvent): WatchWorkloadsResponse {
  return create(WatchWorkloadsResponseSchema, {
    event: eventInit(event),
    resumeToken: event.resumeToken,
  });
}

type EventInit = NonNullable<MessageInitShape<typeof WatchWorkloadsResponseSchema>["event"]>;

function eventInit(event: WatchEvent): EventInit {
  switch (event.kind) {
    case "snapshot":
    case "changed":
      return { case: event.kind, value: statusToProto(event.status) };
    case "deleted":
      return { case: "deleted", value: { id: event.id, uid: event.uid } };
    case "synced":
      return { case: "synced", value: { fresh: event.fresh } };
    case "bookmark":
      return { case: "bookmark", value: {} };
    default:
      return unreachable(event);
  }
}

/** A piece of output in the form of the contract. */
export function logChunkToProto(chunk: LogChunk): StreamLogsResponse {
  return create(StreamLogsResponseSchema, {
    stream: logStreams[chunk.stream],
    data: Uint8Array.from(chunk.data),
    ...(chunk.atMs === undefined ? {} : { receivedAt: toTimestamp(chunk.atMs) }),
  });
}

/** An explanation in the form of the contract. */
export function explanationToProto(explanation: Explanation): ExplainWorkloadResponse {
  const { status, wanted, next } = explanation;
  return create(ExplainWorkloadResponseSchema, {
    status: statusToProto(status),
    wanted: {
      revisionId: wanted.revisionId,
      specDigest: wanted.digest,
      desiredState: desiredStates[wanted.desired],
    },
    observed: explanation.observed.map((one) => ({
      ...one,
      health: healthValues[one.health],
      facts: { ...one.facts },
    })),
    differences: [...explanation.differences],
    next: {
      step: next.step,
      cause: next.cause,
      ...(next.dueAtMs === undefined ? {} : { dueAt: toTimestamp(next.dueAtMs) }),
    },
    blockedBy: explanation.blockedBy,
    history: explanation.history.map(({ atMs, step, cause, outcome }) => ({
      at: toTimestamp(atMs),
      step,
      cause,
      outcome,
    })),
  });
}
