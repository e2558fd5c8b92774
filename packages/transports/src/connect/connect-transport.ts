import {
  Code,
  ConnectError,
  createConnectRouter,
  createContextKey,
  type HandlerContext,
} from "@connectrpc/connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import type { Logger } from "@persys/core";
import { silentLogger } from "@persys/core";
import type { Authenticate } from "../access/authenticate.ts";
import type { Principal } from "../access/principal.ts";
import { refusedStatus } from "../access/refused-status.ts";
import type { AgentHandlers } from "../handlers/agent-handlers.ts";
import { callerOf } from "../handlers/call-caller.ts";
import type { CallContext } from "../handlers/call-context.ts";
import { stoppingStatus } from "../handlers/error-border.ts";
import { allViolations } from "../handlers/further-violations.ts";
import type { CallObserver } from "../observe/call-observer.ts";
import type { ServerTransport } from "../server-transport.ts";
import type { TlsOptions } from "../tls/tls-source.ts";
import { routeAgent } from "./agent-routes.ts";
import { observeCall, withinCall } from "./connect-observing.ts";
import { connectErrorOf, toThrow } from "./connect-error-of.ts";
import { isLoopback, namesLoopback } from "./host-guard.ts";
import { HttpServer } from "./http-server.ts";
import { defaultLimits, type TransportLimits } from "./limits.ts";
import { nodeListener, peerKey } from "./node-listener.ts";
import { checkQuery, type StrictJsonOptions } from "./strict-json.ts";

/** What a Connect transport needs. */
export interface ConnectTransportOptions {
  readonly handlers: AgentHandlers;
  /** The address to listen on. Bound to this machine alone, requests must name it as their host, too. */
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

const principalKey = createContextKey<Principal>(
  { identity: "", role: "viewer", workloads: { ids: [] } },
  { description: "who asks" },
);

/** Serves the agent over Connect, gRPC and gRPC-Web, all on one port, over HTTP/1.1 and HTTP/2, in clear text or over TLS. */
export function createConnectTransport(options: ConnectTransportOptions): ServerTransport {
  const { host, port, handlers, authenticate, tls, observer, logger = silentLogger } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const stopping = new AbortController();
  const cutOff = new AbortController();
  const compressions = [compressionGzip, compressionBrotli];
  const json: StrictJsonOptions = {
    readMaxBytes: limits.readMaxBytes,
    compressions,
    complete: async (schema, { values, ...bad }) => {
      try {
        const principal = values.get(principalKey);
        return await allViolations(handlers, schema, { ...bad, principal });
      } catch (error) {
        throw toThrow(error);
      }
    },
  };

  const router = createConnectRouter({
    acceptCompression: compressions,
    readMaxBytes: limits.readMaxBytes,
    writeMaxBytes: limits.writeMaxBytes,
    maxTimeoutMs: limits.timeoutMaxMs,
    // Where requests are not checked whole before they are decoded, the first unknown field is named.
    jsonOptions: { ignoreUnknownFields: false },
    shutdownSignal: cutOff.signal,
    interceptors: [withinCall],
    async requestGate(context) {
      if (observer !== undefined) observeCall(observer, context);
      const url = new URL(context.url);
      if (isLoopback(host) && !namesLoopback(url.host)) throw foreignHost(url.host);
      const peer = context.values.get(peerKey);
      const caller = await authenticate({ headers: context.requestHeader, peer });
      if (caller.kind !== "known") {
        const { name: method } = context.method;
        throw connectErrorOf(refusedStatus(caller, { method, logger }));
      }
      context.values.set(principalKey, caller.principal);
      const inQuery =
        context.requestMethod === "GET" && url.searchParams.get("encoding") === "json";
      if (inQuery)
        await checkQuery(context.method, url.searchParams, {
          ...json,
          values: context.values,
        });
    },
  });
  routeAgent(router, {
    handlers,
    logger,
    contextOf: (context) => ({
      ...callOf(context, stopping.signal),
      again: async () =>
        authenticate({
          headers: context.requestHeader,
          peer: context.values.get(peerKey),
        }),
    }),
  });
  const server = new HttpServer(nodeListener(router, { logger, json }), limits, tls);

  return {
    start: () => server.listen(host, port),
    async stop(graceMs) {
      stopping.abort();
      await server.close(graceMs, () => cutOff.abort(connectErrorOf(stoppingStatus)));
    },
  };
}

function callOf(context: HandlerContext, stopping: AbortSignal): CallContext {
  const principal = context.values.get(principalKey);
  return {
    caller: callerOf(principal.identity, context.requestHeader.get("traceparent")),
    principal,
    signal: context.signal,
    stopping,
    remainingMs: () => context.timeoutMs(),
  };
}

function foreignHost(host: string): ConnectError {
  const message = `requests to this address must name it as localhost or its IP address, not ${host}`;
  return new ConnectError(message, Code.PermissionDenied);
}
