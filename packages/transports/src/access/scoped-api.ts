import { Code } from "@connectrpc/connect";
import {
  type AgentApi,
  AgentError,
  type WatchEvent,
  type WatchOptions,
  type WorkloadStatus,
} from "@persys/core";
import { errorInfo } from "../mapping/error-status.ts";
import { RpcError } from "../mapping/rpc-status.ts";
import { hasLabels, mayHaveId, type WorkloadScope } from "./principal.ts";

/**
 * An agent that has no other workloads than those of a scope: lists, watches and the history leave out what does not belong to it, and what
 * names another workload is refused with PERMISSION_DENIED.
 */
export function scopedApi(api: AgentApi, scope: WorkloadScope): AgentApi {
  const belongs = ({ id, labels }: Pick<WorkloadStatus, "id" | "labels">): boolean =>
    mayHaveId(scope, id) && hasLabels(scope, labels);
  const known = (id: string): WorkloadStatus | undefined => statusOf(api, id);
  const check = (id: string): void => {
    const status = known(id);
    if (!mayHaveId(scope, id) || (status !== undefined && !belongs(status))) throw outOfScope(id);
  };
  /** What has been deleted has no labels any more. */
  const isInHistory = (id: string): boolean => {
    if (scope.labels === undefined) return mayHaveId(scope, id);
    const status = known(id);
    return status !== undefined && belongs(status);
  };
  return {
    apply: async (request, caller) => {
      check(request.id);
      if (request.spec !== undefined && !hasLabels(scope, labelsOf(request.spec))) {
        throw outOfScope(request.id);
      }
      // Whose it is was seen a moment ago: what appears under the id meanwhile may be somebody else's.
      const isNew = scope.labels !== undefined && known(request.id) === undefined;
      return api.apply(isNew ? { expectedGeneration: 0, ...request } : request, caller);
    },
    remove: async (id, caller) => {
      check(id);
      if (scope.labels !== undefined && known(id) === undefined) {
        return { existed: false, message: `workload not found: ${id}` };
      }
      return api.remove(id, caller);
    },
    retry: async (id, caller) => {
      check(id);
      return api.retry(id, caller);
    },
    status: (id) => {
      check(id);
      return api.status(id);
    },
    get: (id) => {
      check(id);
      return api.get(id);
    },
    list: (filter) => api.list(filter).filter(belongs),
    watch: (options, signal) => watchWithin(api, scope, { options, signal }),
    logs: (id, options, signal) => {
      check(id);
      return api.logs(id, options, signal);
    },
    actions: (filter) => {
      const { limit } = filter;
      const belonging = api
        .actions({ ...filter, limit: 0 })
        .filter(({ workloadId }) => isInHistory(workloadId));
      return limit === 0 ? belonging : belonging.slice(0, limit);
    },
    explain: (id) => {
      check(id);
      return api.explain(id);
    },
    health: () => api.health(),
  };
}

/** The status of a workload; undefined when there is none. */
function statusOf(api: AgentApi, id: string): WorkloadStatus | undefined {
  try {
    return api.status(id);
  } catch (error) {
    // Ids that are wrong in themselves are answered by what is asked for.
    const isNone = AgentError.hasCode(error, "NOT_FOUND");
    if (isNone || AgentError.hasCode(error, "INVALID_REQUEST")) return undefined;
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

function outOfScope(id: string): RpcError {
  return new RpcError({
    code: Code.PermissionDenied,
    message: `${id} is none of the workloads that you may have to do with; ask WhoAmI which they are`,
    details: [errorInfo("OUT_OF_SCOPE", { id })],
  });
}
