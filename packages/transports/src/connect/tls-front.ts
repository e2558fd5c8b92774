import * as http from "node:http";
import * as http2 from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { nameOf } from "../net/connection-name.ts";
import { guardTls, tlsServerOptions } from "../tls/guard-tls.ts";
import type { TlsOptions } from "../tls/tls-source.ts";
import {
  type FrontHandlers,
  http1Limits,
  http2Limits,
  type HttpFront,
  keepAliveMs,
} from "./http-front.ts";

/** Takes in what comes over TLS. The client says by ALPN which version of HTTP it speaks; without a word it is HTTP/1.1. */
export function openTlsFront(handlers: FrontHandlers, options: TlsOptions): HttpFront {
  const { gate, limits, onRequest, onSession } = handlers;
  const undecided = new Map<string, Socket>();
  const server = http2.createSecureServer(
    {
      ...tlsServerOptions(options, limits.headersTimeoutMs),
      allowHTTP1: true,
      http1Options: http1Limits(limits),
      settings: http2Limits(limits),
    },
    (request, response) => {
      // Until it has asked something, HTTP/1.1 does not count a connection as idle.
      undecided.delete(nameOf(request.socket));
      onRequest(request, response);
    },
  );
  server.on("session", onSession);
  server.on("connection", (socket: Socket) => {
    const key = nameOf(socket);
    undecided.set(key, socket);
    socket.setKeepAlive(true, keepAliveMs).once("close", () => {
      if (undecided.get(key) === socket) undecided.delete(key);
    });
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    if (socket.authorized) gate.know(socket);
    if (socket.alpnProtocol === "h2") undecided.delete(nameOf(socket));
  });
  const endGuard = guardTls(server, options);
  return {
    server,
    // It has this method too, though its types say nothing of it.
    closeIdle: () => http.Server.prototype.closeIdleConnections.call(server),
    dropUndecided: () => {
      for (const socket of undecided.values()) socket.destroy();
    },
    dispose: endGuard,
  };
}
