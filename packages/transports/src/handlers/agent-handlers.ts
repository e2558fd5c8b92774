import { create, toBinary } from "@bufbuild/protobuf";
import type { AgentApi, ErrorCode, Logger, Violation, WatchEvent } from "@persys/core";
import { AgentError } from "@persys/core";
import * as pb from "../gen/persys/agent/v1/agent_pb.ts";
import {
  actionToProto,
  explanationToProto,
  healthToProto,
  logChunkToProto,
  watchEventToProto,
} from "../mapping/answers-to-proto.ts";
import { typeOfRuntime } from "../mapping/enums.ts";
import {
  actionFilterFromProto,
  filterFromProto,
  logOptionsFromProto,
  watchFromProto,
} from "../mapping/filters-from-proto.ts";
import { specToProto } from "../mapping/spec-to-proto.ts";
import { principalToProto } from "../mapping/principal-to-proto.ts";
import { statusToProto } from "../mapping/status-to-proto.ts";
import { applyWorkload } from "./apply-workload.ts";
import { type CallContext } from "./call-context.ts";
import { createErrorBorder } from "./error-border.ts";
import { pageOf, tokenOf } from "./list-page.ts";

/** One method of the contract: a request in, an answer out. @throws {RpcError} or the reason of the call's signal. */
export type UnaryHandler<I, O> = (request: I, call: CallContext) => Promise<O>;

/** One streaming method of the contract. Throws as {@link UnaryHandler} does. */
export type StreamHandler<I, O> = (request: I, call: CallContext) => AsyncIterable<O>;

/** Every method of the agent's contract, free of any transport. */
export interface AgentHandlers {
  readonly applyWorkload: UnaryHandler<pb.ApplyWorkloadRequest, pb.ApplyWorkloadResponse>;
  readonly deleteWorkload: UnaryHandler<pb.DeleteWorkloadRequest, pb.DeleteWorkloadResponse>;
  readonly getWorkloadStatus: UnaryHandler<
    pb.GetWorkloadStatusRequest,
    pb.GetWorkloadStatusResponse
  >;
  readonly listWorkloads: UnaryHandler<pb.ListWorkloadsRequest, pb.ListWorkloadsResponse>;
  readonly healthCheck: UnaryHandler<pb.HealthCheckRequest, pb.HealthCheckResponse>;
  readonly listActions: UnaryHandler<pb.ListActionsRequest, pb.ListActionsResponse>;
  readonly getWorkload: UnaryHandler<pb.GetWorkloadRequest, pb.GetWorkloadResponse>;
  readonly watchWorkloads: StreamHandler<pb.WatchWorkloadsRequest, pb.WatchWorkloadsResponse>;
  readonly streamLogs: StreamHandler<pb.StreamLogsRequest, pb.StreamLogsResponse>;
  readonly retryWorkload: UnaryHandler<pb.RetryWorkloadRequest, pb.RetryWorkloadResponse>;
  readonly explainWorkload: UnaryHandler<pb.ExplainWorkloadRequest, pb.ExplainWorkloadResponse>;
  readonly whoAmI: UnaryHandler<pb.WhoAmIRequest, pb.WhoAmIResponse>;
}

/** What the handlers need. */
export interface AgentHandlersOptions {
  readonly api: AgentApi;
  readonly logger: Logger;
  /** Told the code of every error of the agent that a call is answered with. */
  readonly onError?: (code: ErrorCode) => void;
  /** Longest wait of an apply whose caller gave no deadline, in milliseconds. Default 10 minutes. */
  readonly waitMaxMs?: number;
}

/** The methods of the contract over an agent, for whoever calls them: the only caller of {@link AgentApi} among the transports. */
export function openHandlers(options: AgentHandlersOptions): AgentHandlers {
  const { api, logger, onError, waitMaxMs = 600_000 } = options;
  const { unary, stream } = createErrorBorder(logger, onError);
  return {
    applyWorkload: unary(pb.ApplyWorkloadRequestSchema, (request, call) =>
      applyWorkload({ api, waitMaxMs }, request, call),
    ),
    deleteWorkload: unary(pb.DeleteWorkloadRequestSchema, async ({ id }, call) => {
      const { existed, message, status } = await api.remove(id, call.caller);
      return create(pb.DeleteWorkloadResponseSchema, {
        success: true,
        existed,
        message,
        ...(status === undefined ? {} : { status: statusToProto(status) }),
      });
    }),
    getWorkloadStatus: unary(pb.GetWorkloadStatusRequestSchema, ({ id }) =>
      create(pb.GetWorkloadStatusResponseSchema, { status: statusToProto(api.status(id)) }),
    ),
    listWorkloads: unary(pb.ListWorkloadsRequestSchema, (request) => listWorkloads(api, request)),
    healthCheck: unary(pb.HealthCheckRequestSchema, () => healthToProto(api.health())),
    listActions: unary(pb.ListActionsRequestSchema, (request) => {
      const filter = checked((violations) => actionFilterFromProto(request, violations));
      return create(pb.ListActionsResponseSchema, {
        actions: api.actions(filter).map(actionToProto),
      });
    }),
    getWorkload: unary(pb.GetWorkloadRequestSchema, ({ id }) => getWorkload(api, id)),
    watchWorkloads: stream(pb.WatchWorkloadsRequestSchema, (request, _call, signal) =>
      watchWorkloads(api, request, signal),
    ),
    streamLogs: stream(pb.StreamLogsRequestSchema, (request, _call, signal) =>
      streamLogs(api, request, signal),
    ),
    retryWorkload: unary(pb.RetryWorkloadRequestSchema, async ({ id }, call) => {
      const { accepted, message, status } = await api.retry(id, call.caller);
      const answer = { accepted, message, status: statusToProto(status) };
      return create(pb.RetryWorkloadResponseSchema, answer);
    }),
    explainWorkload: unary(pb.ExplainWorkloadRequestSchema, ({ id }) =>
      explanationToProto(api.explain(id)),
    ),
    whoAmI: unary(pb.WhoAmIRequestSchema, (_request, { principal }) => principalToProto(principal)),
  };
}

function listWorkloads(api: AgentApi, request: pb.ListWorkloadsRequest): pb.ListWorkloadsResponse {
  const page = checked((violations) => {
    const { filter, onlyCustom } = filterFromProto(request, violations);
    const matching = violations.length > 0 ? [] : api.list(filter);
    const statuses = onlyCustom ? matching.filter(isCustom) : matching;
    return pageOf(statuses, request, violations);
  });
  const workloads = page.statuses.map(statusToProto);
  // Who asks for all at once gets all at once: an older client knows of no further page.
  const fitting = request.pageSize > 0 ? fittingCount(workloads) : workloads.length;
  if (fitting === workloads.length) {
    const { nextPageToken } = page;
    return create(pb.ListWorkloadsResponseSchema, { workloads, nextPageToken });
  }
  const fit = workloads.slice(0, fitting);
  const nextPageToken = tokenOf(fit.at(-1)?.id ?? "");
  return create(pb.ListWorkloadsResponseSchema, { workloads: fit, nextPageToken });
}

/** So large a page may become, in bytes: with room for what is around it, clients of gRPC take 4 MiB unless they are told otherwise. */
const pageBytesMax = 3 * 1024 * 1024;

/** How many of them make a page that is not too large; at least one. */
function fittingCount(workloads: readonly pb.WorkloadStatus[]): number {
  let bytes = 0;
  const excess = workloads.findIndex((one) => {
    bytes += toBinary(pb.WorkloadStatusSchema, one).byteLength;
    return bytes > pageBytesMax;
  });
  return excess === -1 ? workloads.length : Math.max(1, excess);
}

function getWorkload(api: AgentApi, id: string): pb.GetWorkloadResponse {
  const { status, spec, fallbackRevisionId } = api.get(id);
  return create(pb.GetWorkloadResponseSchema, {
    status: statusToProto(status),
    spec: specToProto(status.type, spec),
    fallbackRevisionId: fallbackRevisionId ?? "",
  });
}

async function* watchWorkloads(
  api: AgentApi,
  request: pb.WatchWorkloadsRequest,
  signal: AbortSignal,
): AsyncGenerator<pb.WatchWorkloadsResponse> {
  const options = checked((violations) => watchFromProto(request, violations));
  const onlyCustom = request.type === pb.WorkloadType.CUSTOM;
  for await (const event of api.watch(options, signal)) {
    if (!onlyCustom || concernsCustom(event)) yield watchEventToProto(event);
  }
}

async function* streamLogs(
  api: AgentApi,
  request: pb.StreamLogsRequest,
  signal: AbortSignal,
): AsyncGenerator<pb.StreamLogsResponse> {
  const options = checked((violations) => logOptionsFromProto(request, violations));
  for await (const chunk of api.logs(request.id, options, signal)) yield logChunkToProto(chunk);
}

/** What `read` returns. @throws {AgentError} INVALID_REQUEST with the violations that it found. */
function checked<T>(read: (violations: Violation[]) => T): T {
  const violations: Violation[] = [];
  const value = read(violations);
  if (violations.length === 0) return value;
  throw new AgentError("INVALID_REQUEST", "invalid request", {
    fault: "user",
    effect: "none",
    violations,
  });
}

function isCustom({ type }: { readonly type: string }): boolean {
  return typeOfRuntime(type) === pb.WorkloadType.CUSTOM;
}

function concernsCustom(event: WatchEvent): boolean {
  return event.kind === "snapshot" || event.kind === "changed" ? isCustom(event.status) : true;
}
