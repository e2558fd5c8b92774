import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { ConnectionEnds } from "../net/connection-name.ts";

/** Where Node tells of every stream that a client opens, to whichever server of the process. */
const channel = "http2.server.stream.created";

/** A stream that a client has opened, the first over its connection or a further one. */
export interface OpenedStream {
  readonly stream: ServerHttp2Stream;
  readonly session: ServerHttp2Session;
  readonly path: string;
  readonly isFirst: boolean;
}

/**
 * Calls `told` with each stream of HTTP/2 over a connection that is `ours`. grpc-js keeps its sessions and streams to itself; Node tells of
 * them. The function returned ends it.
 */
export function onStream(
  isOurs: (connection: ConnectionEnds) => boolean,
  told: (opened: OpenedStream) => void,
): () => void {
  const sessions = new WeakMap<ServerHttp2Session, "ours" | "of others">();
  const look = (message: unknown): void => {
    const { stream, headers } = message as {
      readonly stream: ServerHttp2Stream & { readonly session?: ServerHttp2Session };
      readonly headers: IncomingHttpHeaders;
    };
    const { session } = stream;
    if (session === undefined || session.destroyed) return;
    const known = sessions.get(session);
    const whose = known ?? (isOurs(session.socket) ? "ours" : "of others");
    sessions.set(session, whose);
    if (whose === "of others") return;
    told({ stream, session, path: headers[":path"] ?? "", isFirst: known === undefined });
  };
  subscribe(channel, look);
  return () => unsubscribe(channel, look);
}
