import type { Server } from "node:net";
import { AgentError, type ErrorCode } from "@persys/core";
import type { ServerAddress } from "../server-transport.ts";

/** Has `server` listen. Port 0: any that is free. @throws {AgentError} PORT_CONFLICT, PERMISSION_DENIED or NETWORK_ERROR. */
export async function listen(
  server: Server,
  { host, port }: ServerAddress,
): Promise<ServerAddress> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once("error", reject);
  server.listen({ host, port }, () => resolve(undefined));
  try {
    await promise;
  } catch (error) {
    throw listenError(error, `${host}:${port}`);
  } finally {
    server.off("error", reject);
  }
  const address = server.address();
  return { host, port: typeof address === "object" && address !== null ? address.port : port };
}

const listenCodes: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  ["EADDRINUSE", "PORT_CONFLICT"],
  ["EACCES", "PERMISSION_DENIED"],
]);

function listenError(cause: unknown, address: string): AgentError {
  const errno = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const code = listenCodes.get(errno) ?? "NETWORK_ERROR";
  const why = code === "PORT_CONFLICT" ? "it is in use" : String(errno ?? cause);
  return new AgentError(code, `cannot listen on ${address}: ${why}`, {
    effect: "none",
    cause,
  });
}
