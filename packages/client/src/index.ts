export {
  type AgentClient,
  type AgentClientOptions,
  createAgentClient,
  type TransportClientOptions,
} from "./agent-client.ts";
export { defaultCallTimeoutMs, type TokenSource } from "./call-options.ts";
export {
  type ExplainedError,
  type ExplainedViolation,
  explainError,
  isCallError,
  isNotFound,
  isTransient,
} from "./explain-error.ts";
export { type FollowOptions, type FollowRequest, followWorkloads } from "./follow-workloads.ts";
export {
  type SettleOptions,
  settledOutcome,
  type WaitOptions,
  type WaitOutcome,
  waitUntilGone,
  waitUntilSettled,
} from "./wait-until.ts";
