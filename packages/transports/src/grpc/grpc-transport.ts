import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerOptions,
  setLogVerbosity,
} from "@grpc/grpc-js";
import { type Logger, silentLogger } from "@persys/core";
import type { Authenticate } from "../access/authenticate.ts";
import { defaultLimits, type TransportLimits } from "../connect/limits.ts";
import { AgentService } from "../gen/persys/agent/v1/agent_pb.ts";
import type { AgentHandlers } from "../handlers/agent-handlers.ts";
import { callerOf } from "../handlers/call-caller.ts";
import { stoppingStatus } from "../handlers/error-border.ts";
import { RpcError } from "../mapping/rpc-status.ts";
import { limitArrival } from "../net/arrival-limit.ts";
import { ConnectionGate } from "../net/connection-gate.ts";
import { endWithin } from "../net/end-within.ts";
import { listen } from "../net/listen.ts";
import { guardPings } from "../net/ping-guard.ts";
import type { CallObserver } from "../observe/call-observer.ts";
import type { ServerTransport } from "../server-transport.ts";
import type { TlsOptions } from "../tls/tls-source.ts";
import {
  type ContextOf,
  methodDefinition,
  remainingMs,
  streamingCall,
  unaryCall,
} from "./grpc-calls.ts";
import { type GrpcFront, openGrpcFront } from "./grpc-front.ts";
import { GrpcGate } from "./grpc-gate.ts";
import { observingCalls } from "./grpc-observing.ts";
import { addGrpcStandards, isOfHealth, isOfReflection } from "./grpc-standards.ts";
import { onStream } from "./on-stream.ts";

/** What a gRPC transport needs. */
export interface GrpcTransportOptions {
  readonly handlers: AgentHandlers;
  /** The address to listen on. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Tells who asks. Whoever is nobody gets UNAUTHENTICATED before anything of the request is read. */
  readonly authenticate: Authenticate;
  /** Left out: clear text. */
  readonly tls?: TlsOptions;
  readonly logger?: Logger;
  /** Is told of every call. */
  readonly observer?: CallObserver;
  readonly limits?: Partial<TransportLimits>;
}

/** Serves the agent over gRPC by grpc-js, with health checking and reflection. */
export function createGrpcTransport(options: GrpcTransportOptions): ServerTransport {
  const { handlers, host, port, authenticate, tls, logger = silentLogger } = options;
  // What it logs by itself holds headers of callers, tokens among them, as they were sent.
  if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
  const limits = { ...defaultLimits, ...options.limits };
  const stopping = new AbortController();
  const cutOff = new AbortController();
  const connections = new ConnectionGate(limits, logger);
  const gate = new GrpcGate({
    authenticate,
    logger,
    peerOf: (connection) => front.peerOf(connection),
    onKnown: (connection) => connections.know(connection),
    isOpen: isOfHealth,
  });
  const server = new Server({
    ...serverOptions(limits),
    interceptors: [
      ...(options.observer === undefined ? [] : [observingCalls(options.observer)]),
      gate.intercept,
    ],
  });
  const contextOf: ContextOf = (call, signal) => {
    const { principal, again } = gate.callerOf(call.metadata);
    const [traceparent = null] = call.metadata.get("traceparent");
    return {
      caller: callerOf(principal.identity, typeof traceparent === "string" ? traceparent : null),
      principal,
      again,
      signal: AbortSignal.any([signal, cutOff.signal]),
      stopping: stopping.signal,
      remainingMs: () => remainingMs(call),
    };
  };
  addAgentService(server, handlers, contextOf);
  const standards = addGrpcStandards(server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const front = openGrpcFront({ limits, tls, gate: connections }, (socket) =>
    injector.injectConnection(socket),
  );
  const endStreamGuard = guardStreams(front, limits);
  let closed: Promise<void> | undefined;

  const close = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Its only error says that it was not listening.
    front.server.close(() => resolve());
    standards.stopServing();
    stopping.abort();
    injector.destroy();
    await promise;
    front.dispose();
    endStreamGuard();
    server.forceShutdown();
  };
  return {
    start: () => listen(front.server, { host, port }),
    async stop(graceMs) {
      closed ??= close();
      await endWithin(graceMs, {
        closed,
        cutOff: () => cutOff.abort(new RpcError(stoppingStatus)),
        destroy: () => front.destroyAll(),
      });
    },
  };
}

/** Limits what grpc-js does not: pings, and how long a request may take to arrive. The function returned ends it. */
function guardStreams(front: GrpcFront, limits: TransportLimits): () => void {
  return onStream(
    (connection) => front.has(connection),
    ({ stream, session, path, isFirst }) => {
      if (isFirst) guardPings(session, limits.clientPingIntervalMinMs);
      if (!isOfReflection(path)) limitArrival(stream, limits.requestTimeoutMs);
    },
  );
}

function serverOptions(limits: TransportLimits): ServerOptions {
  return {
    "grpc.max_receive_message_length": limits.readMaxBytes,
    "grpc.max_send_message_length": limits.writeMaxBytes,
    "grpc.max_concurrent_streams": limits.streamsMax,
    "grpc.max_connection_idle_ms": limits.idleTimeoutMs,
    "grpc.keepalive_time_ms": limits.keepaliveIntervalMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
    ...(limits.ageMaxMs === Number.POSITIVE_INFINITY
      ? {}
      : {
          "grpc.max_connection_age_ms": limits.ageMaxMs,
          "grpc.max_connection_age_grace_ms": limits.ageGraceMs,
        }),
  };
}

function addAgentService(server: Server, handlers: AgentHandlers, contextOf: ContextOf): void {
  const definition = Object.fromEntries(
    AgentService.methods.map((method) => [method.localName, methodDefinition(method)]),
  );
  server.addService(definition, {
    applyWorkload: unaryCall(handlers.applyWorkload, contextOf),
    deleteWorkload: unaryCall(handlers.deleteWorkload, contextOf),
    getWorkloadStatus: unaryCall(handlers.getWorkloadStatus, contextOf),
    listWorkloads: unaryCall(handlers.listWorkloads, contextOf),
    healthCheck: unaryCall(handlers.healthCheck, contextOf),
    listActions: unaryCall(handlers.listActions, contextOf),
    getWorkload: unaryCall(handlers.getWorkload, contextOf),
    watchWorkloads: streamingCall(handlers.watchWorkloads, contextOf),
    streamLogs: streamingCall(handlers.streamLogs, contextOf),
    retryWorkload: unaryCall(handlers.retryWorkload, contextOf),
    explainWorkload: unaryCall(handlers.explainWorkload, contextOf),
    whoAmI: unaryCall(handlers.whoAmI, contextOf),
  });
}
