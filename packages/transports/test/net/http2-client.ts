import * as http2 from "node:http2";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A session of HTTP/2 that tells how it was ended. */
export interface Session {
  readonly session: http2.ClientHttp2Session;
  readonly socket: Socket;
  /** The code and text of the GOAWAY; undefined before it came. */
  readonly goaway: () => { readonly code: number; readonly text: string } | undefined;
  readonly closed: Promise<void>;
}

/** Opens a session over clear text. */
export async function openSession(port: number): Promise<Session> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  const session = http2.connect(`http://127.0.0.1:${port}`, { createConnection: () => socket });
  let goaway: { code: number; text: string } | undefined;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  session.on("goaway", (code, _, data?: Buffer) => {
    goaway ??= { code, text: data?.toString() ?? "" };
  });
  session.on("error", () => {});
  session.once("close", () => resolve());
  await once(session, "remoteSettings");
  return { session, socket, goaway: () => goaway, closed };
}

/** Begins a call of gRPC whose request is complete, unless `end` is false. */
export function beginCall(
  { session }: Session,
  method: string,
  { end = true, headers = {} }: { readonly end?: boolean; readonly headers?: object } = {},
): http2.ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": `/persys.agent.v1.AgentService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    authorization: "Bearer secret",
    ...headers,
  });
  stream.on("error", () => {});
  if (end) stream.end(Buffer.alloc(5));
  else stream.write(Buffer.alloc(3));
  return stream;
}

/** The status that a call ends with, from its trailers or, without a message, its headers. */
export async function statusOfCall(stream: http2.ClientHttp2Stream): Promise<number | undefined> {
  let status: string | undefined;
  const look = (headers: http2.IncomingHttpHeaders): void => {
    const seen = headers["grpc-status"];
    if (typeof seen === "string") status = seen;
  };
  stream.on("response", look).on("trailers", look).resume();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  stream.once("close", () => resolve());
  if (!stream.closed) await ended;
  return status === undefined ? undefined : Number(status);
}
