import { create } from "@bufbuild/protobuf";
import {
  type ListActionsRequest,
  type ListActionsResponse,
  ListActionsResponseSchema,
} from "../gen/persys/agent/v1/agent_pb.ts";
import type { UnaryHandler } from "../handlers/agent-handlers.ts";
import { deniedToProto, deniedStatus } from "../mapping/denied-to-proto.ts";
import type { DenialLog } from "./denied-calls.ts";
import { isAtLeast } from "./principal.ts";
import { roleTooLow } from "./role-too-low.ts";

/**
 * A handler of ListActions that also answers for the calls that were denied, where they are asked for by their status. Who tried what, and from
 * where, is told to admins of all workloads alone.
 */
export function withDenials(
  listActions: UnaryHandler<ListActionsRequest, ListActionsResponse>,
  denials: DenialLog | undefined,
): UnaryHandler<ListActionsRequest, ListActionsResponse> {
  return async (request, call) => {
    const { principal } = call;
    // What is wrong with the rest of the request is found as always.
    const isMeant = request.status === deniedStatus && request.limit >= 0;
    if (!isMeant) return listActions(request, call);
    if (!isAtLeast(principal.role, "admin") || principal.workloads !== undefined) {
      throw roleTooLow(principal, "admin", " of all workloads");
    }
    const { workloadId, actionType, limit, newestFirst } = request;
    const all = (denials?.list() ?? [])
      .map(deniedToProto)
      .filter(
        (it) =>
          (workloadId === "" || it.workloadId === workloadId) &&
          (actionType === "" || it.actionType === actionType),
      );
    const ordered = newestFirst ? all.toReversed() : all;
    const actions = limit === 0 ? ordered : ordered.slice(0, limit);
    return create(ListActionsResponseSchema, { actions });
  };
}
