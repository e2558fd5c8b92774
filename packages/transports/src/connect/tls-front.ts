import * as http from "node:http";
import * as http2 from "node:http2";
import type { Socket } from "node:net";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import { peerOf } from "../tls/peer.ts";
import type { TlsMaterial, TlsOptions } from "../tls/tls-source.ts";
import {
  type FrontHandlers,
  http1Limits,
  http2Limits,
  type HttpFront,
  keepAliveMs,
} from "./http-front.ts";

/**
 * Takes in what comes over TLS 1.2 or 1.3. The client says by ALPN which version of HTTP it speaks; without a word it is HTTP/1.1. When the
 * certificates change, new connections get the new ones, and those whose client is not trusted any more are destroyed.
 */
export function openTlsFront(handlers: FrontHandlers, options: TlsOptions): HttpFront {
  const { limits, onRequest, onSession } = handlers;
  const { source, clientCertificates } = options;
  const undecided = new Map<string, Socket>();
  const trusted = new Set<TLSSocket>();
  const server = http2.createSecureServer(
    {
      ...contextOf(source.current),
      allowHTTP1: true,
      http1Options: http1Limits(limits),
      settings: http2Limits(limits),
      handshakeTimeout: limits.headersTimeoutMs,
      requestCert: true,
      // Who may come without a certificate is told in the answer to a request what is wrong with the one that was shown.
      rejectUnauthorized: clientCertificates === "required",
    },
    (request, response) => {
      // Until it has asked something, HTTP/1.1 does not count a connection as idle.
      undecided.delete(portOf(request.socket));
      onRequest(request, response);
    },
  );
  server.on("session", onSession);
  server.on("connection", (socket: Socket) => {
    const key = portOf(socket);
    undecided.set(key, socket);
    socket.setKeepAlive(true, keepAliveMs).once("close", () => undecided.delete(key));
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    if (socket.alpnProtocol === "h2") undecided.delete(portOf(socket));
    const { chain, authorized } = peerOf(socket);
    const isTrusted = authorized && source.distrust(chain) === undefined;
    if (!isTrusted && clientCertificates === "required") return void socket.destroy();
    if (!isTrusted) return;
    trusted.add(socket);
    socket.once("close", () => trusted.delete(socket));
  });
  const endWatch = source.onChange(() => {
    server.setSecureContext(contextOf(source.current));
    for (const socket of trusted) {
      if (source.distrust(peerOf(socket).chain) !== undefined) socket.destroy();
    }
  });
  return {
    server,
    // It has this method too, though its types say nothing of it.
    closeIdle: () => http.Server.prototype.closeIdleConnections.call(server),
    dropUndecided: () => {
      for (const socket of undecided.values()) socket.destroy();
    },
    dispose: endWatch,
  };
}

/** All that a context consists of: what is left out when it is replaced falls back to Node's own. */
function contextOf({ cert, key, ca }: TlsMaterial): SecureContextOptions {
  return { cert, key, ca: [...ca], minVersion: "TLSv1.2", maxVersion: "TLSv1.3" };
}

/** Names a connection while it lasts, before and after its handshake. */
function portOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
