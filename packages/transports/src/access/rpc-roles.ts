import type { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";
import type { Role } from "./principal.ts";

/** A method of the contract, as its handler is named. */
export type AgentRpc = keyof typeof AgentService.method;

/** The least role that may call each method. A method without a line here does not compile. */
export const rpcRoles: Readonly<Record<AgentRpc, Role>> = {
  applyWorkload: "operator",
  deleteWorkload: "operator",
  retryWorkload: "operator",
  getWorkloadStatus: "viewer",
  listWorkloads: "viewer",
  healthCheck: "viewer",
  listActions: "viewer",
  getWorkload: "viewer",
  watchWorkloads: "viewer",
  streamLogs: "viewer",
  explainWorkload: "viewer",
  whoAmI: "viewer",
};
