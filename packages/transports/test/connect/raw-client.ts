import * as http from "node:http";
import * as net from "node:net";
import { gunzipSync } from "node:zlib";

/** What a plain HTTP/1.1 client got. */
export interface PlainAnswer {
  readonly status: number;
  readonly text: string;
}

/** What a request is made of. */
export interface PlainRequest {
  readonly port: number;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent in chunks where there are several and no Content-Length is given. */
  readonly body?: string | readonly Buffer[];
}

/** One request over HTTP/1.1 with a connection of its own, like curl's. */
export async function plainRequest(request: PlainRequest): Promise<PlainAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<PlainAnswer>();
  const sent = http.request(
    {
      host: "127.0.0.1",
      port: request.port,
      path: request.path ?? "/persys.agent.v1.AgentService/HealthCheck",
      method: request.method ?? "POST",
      agent: false,
      headers: {
        authorization: "Bearer secret",
        "content-type": "application/json",
        ...request.headers,
      },
    },
    (response) => {
      const chunks: Buffer[] = [];
      const compressed = response.headers["content-encoding"] === "gzip";
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const text = (compressed ? gunzipSync(bytes) : bytes).toString();
        resolve({ status: response.statusCode ?? 0, text });
      });
      response.on("error", reject);
    },
  );
  sent.on("error", reject);
  const { body = "{}" } = request;
  for (const chunk of typeof body === "string" ? [body] : body) sent.write(chunk);
  sent.end();
  return promise;
}

/** A connection that tells when it ends and keeps what came. */
export interface RawConnection {
  readonly socket: net.Socket;
  readonly ended: Promise<void>;
  readonly received: () => string;
}

/** Opens a connection that says nothing by itself. */
export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true });
  let received = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => (received += chunk));
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  socket.on("error", () => {});
  socket.once("close", () => resolve());
  const { promise: connected, resolve: onConnect } = Promise.withResolvers<void>();
  socket.once("connect", () => onConnect());
  await connected;
  return { socket, ended, received: () => received };
}
