import type { AgentClient } from "@persys/client";
import type { Host } from "./host.ts";
import type { Output } from "./output.ts";
import type { Connection } from "./settings/connection.ts";
import type { ConnectionFlags } from "./settings/places.ts";

/** What a command works with. */
export interface Session {
  readonly host: Host;
  readonly out: Output;
  readonly flags: ConnectionFlags;
  /** Connects to the agent, the first time it is asked. @throws {CliError} usage — no agent is named. */
  connect(): Promise<AgentClient>;
  /** The agent that `connect` has chosen; undefined before. */
  connection(): Connection | undefined;
}

/** A session that has not connected yet. */
export function createSession(host: Host, out: Output, flags: ConnectionFlags): Session {
  let connection: Connection | undefined;
  let client: Promise<AgentClient> | undefined;
  const connect = async (): Promise<AgentClient> => {
    // Loaded late: help, completion and mistakes in files need none of it.
    const { resolveConnection } = await import("./settings/connection.ts");
    connection = await resolveConnection(flags, host);
    const { endpoint, token, certificate, authorities } = connection;
    const { isLoopback } = await import("./settings/dev-agent.ts");
    if (token !== undefined && endpoint.startsWith("http:") && !isLoopback(endpoint)) {
      await out.note(`warning: the token goes to ${endpoint} in the clear; use https`);
    }
    const { createNodeAgentClient } = await import("@persys/client/node");
    const tls = {
      ...(authorities === undefined ? {} : { ca: authorities.pem }),
      ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
    };
    return createNodeAgentClient({
      baseUrl: endpoint,
      tls,
      ...(token === undefined ? {} : { token }),
    });
  };
  return {
    host,
    out,
    flags,
    connect: () => (client ??= connect()),
    connection: () => connection,
  };
}
