import { create } from "@bufbuild/protobuf";
import { isAtLeast, type Principal } from "../access/principal.ts";
import { type AgentRpc, rpcRoles } from "../access/rpc-roles.ts";
import {
  AgentService,
  type WhoAmIResponse,
  WhoAmIResponseSchema,
} from "../gen/persys/agent/v1/agent_pb.ts";

const rpcs = Object.keys(rpcRoles) as readonly AgentRpc[];

/** A caller as it is told of itself. */
export function principalToProto({ identity, role, workloads }: Principal): WhoAmIResponse {
  const methods = rpcs
    .filter((rpc) => isAtLeast(role, rpcRoles[rpc]))
    .map((rpc) => AgentService.method[rpc].name);
  const scope =
    workloads === undefined
      ? {}
      : { workloads: { ids: [...(workloads.ids ?? [])], labels: { ...workloads.labels } } };
  return create(WhoAmIResponseSchema, { identity, role, methods, ...scope });
}
