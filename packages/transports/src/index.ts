export { type AdmissionOptions, admitCallers } from "./access/admit-callers.ts";
export type { Asking, Authenticate, Authentication } from "./access/authenticate.ts";
export { bearerAuthenticator } from "./access/bearer-authenticator.ts";
export { type CallLimitRules, CallLimits } from "./access/call-limits.ts";
export { type DeniedCall, type DeniedCalls, DenialLog } from "./access/denied-calls.ts";
export { createAgentHandlers } from "./access/guarded-handlers.ts";
export { type Principal, type Role, roles, type WorkloadScope } from "./access/principal.ts";
export { type AgentRpc, rpcRoles } from "./access/rpc-roles.ts";
export {
  type ConnectTransportOptions,
  createConnectTransport,
} from "./connect/connect-transport.ts";
export { defaultLimits, type TransportLimits } from "./connect/limits.ts";
export { createGrpcTransport, type GrpcTransportOptions } from "./grpc/grpc-transport.ts";
export {
  type AgentHandlers,
  type AgentHandlersOptions,
  type StreamHandler,
  type UnaryHandler,
} from "./handlers/agent-handlers.ts";
export type { CallContext } from "./handlers/call-context.ts";
export {
  type FieldViolation,
  type RpcDetail,
  RpcError,
  type RpcStatus,
} from "./mapping/rpc-status.ts";
export { securityHeaders } from "./connect/security-headers.ts";
export { type ConnectionBounds, ConnectionGate } from "./net/connection-gate.ts";
export type { CallObserver, IncomingCall, ObservedCall } from "./observe/call-observer.ts";
export type { ServerAddress, ServerTransport } from "./server-transport.ts";
export { guardTls, tlsServerOptions } from "./tls/guard-tls.ts";
export { type Peer, peerOf } from "./tls/peer.ts";
export type { TlsMaterial, TlsOptions, TlsSource } from "./tls/tls-source.ts";
