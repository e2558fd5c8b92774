import { createConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import type { Logger } from "@persys/core";
import { silentLogger } from "@persys/core";
import type { Authenticate } from "../access/authenticate.ts";
import type { AgentHandlers } from "../handlers/agent-handlers.ts";
import { callerOf } from "../handlers/call-caller.ts";
import type { CallContext } from "../handlers/call-context.ts";
import { stoppingStatus } from "../handlers/error-border.ts";
import { allViolations } from "../handlers/further-violations.ts";
import { ConnectionGate } from "../net/connection-gate.ts";
import type { CallObserver } from "../observe/call-observer.ts";
import type { ServerTransport } from "../server-transport.ts";
import type { TlsOptions } from "../tls/tls-source.ts";
import { routeAgent } from "./agent-routes.ts";
import { withBrowserHeaders } from "./browser-front.ts";
import { browserRules } from "./browser-rules.ts";
import { callGate, principalKey } from "./call-gate.ts";
import { observeCall, withinCall } from "./connect-observing.ts";
import { connectErrorOf, toThrow } from "./connect-error-of.ts";
import { routeHealth } from "./health-routes.ts";
import { HttpServer } from "./http-server.ts";
import { defaultLimits, type TransportLimits } from "./limits.ts";
import { nodeListener, peerKey } from "./node-listener.ts";
import { routeReflection } from "./reflection-routes.ts";
import type { StrictJsonOptions } from "./strict-json.ts";

/** What a Connect transport needs. */
export interface ConnectTransportOptions {
  readonly handlers: AgentHandlers;
  /** The address to listen on. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Tells who asks. Whoever is nobody gets UNAUTHENTICATED before anything of the request is read. */
  readonly authenticate: Authenticate;
  /** Origins whose pages may call from a browser, such as `https://console.example`. Left out: none. */
  readonly allowedOrigins?: readonly string[];
  /** Names by which requests may call the server, besides those of this machine, its IP addresses and the names in its certificate. */
  readonly hosts?: readonly string[];
  /** Left out: clear text. */
  readonly tls?: TlsOptions;
  readonly logger?: Logger;
  /** Is told of every call. */
  readonly observer?: CallObserver;
  readonly limits?: Partial<TransportLimits>;
}

/** Serves the agent over Connect, gRPC and gRPC-Web, with health checking and reflection, all on one port, over HTTP/1.1 and HTTP/2, in clear text or over TLS. */
export function createConnectTransport(options: ConnectTransportOptions): ServerTransport {
  const { host, port, handlers, authenticate, tls, observer, logger = silentLogger } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const stopping = new AbortController();
  const cutOff = new AbortController();
  const rules = browserRules({
    address: host,
    names: options.hosts ?? [],
    origins: options.allowedOrigins ?? [],
    certificate: () => tls?.source.current.cert,
  });
  const connections = new ConnectionGate(limits, logger);
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

  const letIn = callGate({ rules, authenticate, connections, json, logger });
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
      await letIn(context);
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
  routeHealth(router, stopping.signal);
  routeReflection(router);
  const listener = withBrowserHeaders(nodeListener(router, { logger, json }), rules);
  const server = new HttpServer(listener, { limits, tls, gate: connections });

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
