import { type Logger, silentLogger } from "@persys/core";
import {
  bearerAuthenticator,
  type CallObserver,
  createAgentHandlers,
  createConnectTransport,
  createGrpcTransport,
  type Role,
  type ServerTransport,
  type TransportLimits,
} from "@persys/transports";
import { FakeAgent } from "../fake-agent.ts";

/** A transport that serves a fake agent. */
export interface Serving {
  readonly agent: FakeAgent;
  readonly port: number;
  readonly transport: ServerTransport;
}

/** Serves a fake agent on a free port; the token `secret` is known as `alice`. */
export async function serve(
  options: {
    readonly limits?: Partial<TransportLimits>;
    readonly logger?: Logger;
    /** The role of alice. Default: admin. */
    readonly role?: Role;
    /** Is told of every call. */
    readonly observer?: CallObserver;
    /** Which transport serves. Default: Connect. */
    readonly by?: "connect" | "grpc";
    /** Where it listens. Default: 127.0.0.1. */
    readonly host?: string;
    /** For Connect: the sites whose pages may call. */
    readonly allowedOrigins?: readonly string[];
    /** For Connect: further names by which it may be called. */
    readonly hosts?: readonly string[];
  } = {},
): Promise<Serving> {
  const {
    limits = {},
    logger = silentLogger,
    by = "connect",
    role = "admin",
    host = "127.0.0.1",
  } = options;
  const agent = new FakeAgent();
  const create = by === "grpc" ? createGrpcTransport : createConnectTransport;
  const transport = create({
    handlers: createAgentHandlers({ api: agent, logger }),
    ...(by === "connect"
      ? { allowedOrigins: options.allowedOrigins ?? [], hosts: options.hosts ?? [] }
      : {}),
    host,
    port: 0,
    authenticate: bearerAuthenticator(new Map([["secret", { identity: "alice", role }]])),
    limits,
    logger,
    ...(options.observer === undefined ? {} : { observer: options.observer }),
  });
  const { port } = await transport.start();
  return { agent, port, transport };
}
