import { Code } from "@connectrpc/connect";
import {
  type AgentApi,
  AgentError,
  type AgentHealth,
  type Caller,
  type WatchEvent,
  type WatchOptions,
  type WorkloadStatus,
} from "@persys/core";
import { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";
import { errorInfo } from "../mapping/error-status.ts";
import { RpcError } from "../mapping/rpc-status.ts";
import type { DeniedCall, DenialLog } from "./denied-calls.ts";
import { OutOfScope } from "./denial-in.ts";
import { hasLabels, mayHaveId, type WorkloadScope } from "./principal.ts";

/**
 * An agent that has no other workloads than those of a scope: lists, watches and the history leave out what does not belong to it. What names a
 * workload whose id is none of the scope's is refused with PERMISSION_DENIED, be there such a workload or not. One whose labels are another's
 * is answered as if it were not there, so that asking tells nothing of what others have; only an apply under its id says that it is taken.
 * `denials` is told of deletions that were answered so.
 */
export function scopedApi(
  api: AgentApi,
  scope: WorkloadScope,
  denials?: Pick<DenialLog, "note">,
): AgentApi {
  const belongs = ({ id, labels }: Pick<WorkloadStatus, "id" | "labels">): boolean =>
    mayHaveId(scope, id) && hasLabels(scope, labels);
  const known = (id: string): WorkloadStatus | undefined => statusOf(api, id);
  const checkId = (id: string): void => {
    if (!mayHaveId(scope, id)) throw outOfScope(id);
  };
  /** One way for what is not there and for what is another's, so that they differ neither in the answer nor in what is done for it. */
  const check = (id: string): void => {
    checkId(id);
    if (scope.labels === undefined) return;
    const status = known(id);
    if (status === undefined) throw notFound(id, undefined);
    if (!belongs(status)) throw notFound(id, new OutOfScope(outOfScopeText(id)));
  };
  /** What has been deleted has no labels any more. */
  const isInHistory = (id: string): boolean => {
    if (scope.labels === undefined) return mayHaveId(scope, id);
    const status = statusIn(api, id);
    return status !== undefined && belongs(status);
  };
  return {
    apply: async (request, caller) => {
      checkId(request.id);
      const there = statusIn(api, request.id);
      const isOthers = there !== undefined && !belongs(there);
      const isGiven = request.spec !== undefined && !hasLabels(scope, labelsOf(request.spec));
      if (isOthers || isGiven) throw outOfScope(request.id);
      // Whose it is was seen a moment ago: what appears under the id meanwhile may be somebody else's.
      const isNew = scope.labels !== undefined && there === undefined;
      return api.apply(isNew ? { expectedGeneration: 0, ...request } : request, caller);
    },
    remove: async (id, caller) => {
      checkId(id);
      if (scope.labels === undefined) return api.remove(id, caller);
      const status = known(id);
      if (status !== undefined && belongs(status)) return api.remove(id, caller);
      if (status !== undefined) denials?.note(deletionOf(id, caller));
      const message = `workload not found: ${id}; there is nothing to delete`;
      return { existed: false, message };
    },
    retry: async (id, caller) => {
      check(id);
      return api.retry(id, caller);
    },
    ...readsWithin(api, check),
    list: (filter) => api.list(filter).filter(belongs),
    watch: (options, signal) => watchWithin(api, scope, { options, signal }),
    actions: (filter) => {
      const { limit } = filter;
      const belonging = api
        .actions({ ...filter, limit: 0 })
        .filter(({ workloadId }) => isInHistory(workloadId));
      return limit === 0 ? belonging : belonging.slice(0, limit);
    },
    health: () => healthWithin(api, scope),
  };
}

/** What is told of one workload, once `check` lets it pass. */
function readsWithin(
  api: AgentApi,
  check: (id: string) => void,
): Pick<AgentApi, "status" | "get" | "logs" | "explain"> {
  return {
    status: (id) => {
      check(id);
      return api.status(id);
    },
    get: (id) => {
      check(id);
      return api.get(id);
    },
    logs: (id, options, signal) => {
      check(id);
      return api.logs(id, options, signal);
    },
    explain: (id) => {
      check(id);
      return api.explain(id);
    },
  };
}

/** Without the names of orphans that are none of the scope's. Nothing is known of an orphan's labels. */
function healthWithin(api: AgentApi, scope: WorkloadScope): AgentHealth {
  const { orphans, ...health } = api.health();
  const isOwn = (orphan: string): boolean =>
    scope.labels === undefined && mayHaveId(scope, orphan.slice(orphan.indexOf("/") + 1));
  return { ...health, orphans: orphans.filter(isOwn) };
}

/** The status of a workload; undefined when there is none, or its id is none. */
function statusIn(api: AgentApi, id: string): WorkloadStatus | undefined {
  try {
    return statusOf(api, id);
  } catch (error) {
    // Ids that are wrong in themselves are answered by what is asked for.
    if (AgentError.hasCode(error, "INVALID_REQUEST")) return undefined;
    throw error;
  }
}

/** The status of a workload; undefined when there is none. */
function statusOf(api: AgentApi, id: string): WorkloadStatus | undefined {
  try {
    return api.status(id);
  } catch (error) {
    if (AgentError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

async function* watchWithin(
  api: AgentApi,
  scope: WorkloadScope,
  { options, signal }: { readonly options: WatchOptions; readonly signal: AbortSignal },
): AsyncGenerator<WatchEvent> {
  const { labels: asked = {} } = options;
  // A label that is asked for with another value than the scope's: of what there is nothing belongs to both.
  const contradicts = Object.entries(scope.labels ?? {}).some(
    ([name, value]) => Object.hasOwn(asked, name) && asked[name] !== value,
  );
  const labels = { ...asked, ...scope.labels };
  // To go on where another watch was would tell what else has ended since.
  const { resumeToken: _, ...afresh } = options;
  const from = scope.labels === undefined ? options : afresh;
  const within = { ...from, ...(Object.keys(labels).length === 0 ? {} : { labels }) };
  for await (const event of api.watch(within, signal)) {
    const id = idOf(event);
    if (id === undefined || (!contradicts && mayHaveId(scope, id))) yield event;
  }
}

function idOf(event: WatchEvent): string | undefined {
  switch (event.kind) {
    case "snapshot":
    case "changed":
      return event.status.id;
    case "deleted":
      return event.id;
    case "synced":
    case "bookmark":
      return undefined;
  }
}

/** The labels in a spec as it was sent; none where it is no proper spec, which is answered by what checks it. */
function labelsOf(spec: unknown): Readonly<Record<string, string>> {
  if (typeof spec !== "object" || spec === null || !("labels" in spec)) return {};
  const { labels } = spec;
  if (typeof labels !== "object" || labels === null) return {};
  return Object.fromEntries(
    Object.entries(labels).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

function outOfScopeText(id: string): string {
  return `${id} is none of the workloads that you may have to do with; ask WhoAmI which they are`;
}

function outOfScope(id: string): RpcError {
  return new RpcError({
    code: Code.PermissionDenied,
    message: outOfScopeText(id),
    details: [errorInfo("OUT_OF_SCOPE", { id })],
  });
}

/** As the engine says it. */
function notFound(id: string, cause: OutOfScope | undefined): AgentError {
  const options = { fault: "user", effect: "none", details: { id }, cause } as const;
  return new AgentError("NOT_FOUND", `workload not found: ${id}`, options);
}

function deletionOf(id: string, { identity, traceparent }: Caller): DeniedCall {
  return {
    identity,
    method: AgentService.method.deleteWorkload.name,
    reason: "OUT_OF_SCOPE",
    workloadId: id,
    message: outOfScopeText(id),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
