import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { keepAliveMs } from "../connect/http-front.ts";
import type { TransportLimits } from "../connect/limits.ts";
import { guardTls, tlsServerOptions } from "../tls/guard-tls.ts";
import { type Peer, peerOf } from "../tls/peer.ts";
import type { TlsOptions } from "../tls/tls-source.ts";

/** Takes connections in for a server of gRPC. */
export interface GrpcFront {
  readonly server: Server;
  /** Who is at the other end of the connection that gRPC calls so: `address:port`. */
  peerOf(name: string): Peer;
  /** Destroys every connection. */
  destroyAll(): void;
  /** Lets go of what outlives the connections. */
  dispose(): void;
}

const nobody: Peer = { address: "", encrypted: false, chain: [], authorized: false };

/** Hands every connection to `take`, once its handshake is done where there is one. Without `tls` it speaks clear text. */
export function openGrpcFront(
  limits: TransportLimits,
  tls: TlsOptions | undefined,
  take: (socket: Socket) => void,
): GrpcFront {
  const raw = new Set<Socket>();
  const peers = new Map<string, Peer>();
  const admit = (socket: Socket): void => {
    // A guard may just have turned it away.
    if (socket.destroyed) return;
    const name = `${socket.remoteAddress}:${socket.remotePort}`;
    peers.set(name, peerOf(socket));
    socket.once("close", () => peers.delete(name));
    take(socket);
  };
  const server =
    tls === undefined
      ? createServer(admit)
      : createTlsServer(
          { ...tlsServerOptions(tls, limits.headersTimeoutMs), ALPNProtocols: ["h2"] },
          admit,
        );
  const endGuard =
    tls === undefined ? undefined : guardTls(server as ReturnType<typeof createTlsServer>, tls);
  server.maxConnections = limits.connectionsMax;
  server.on("connection", (socket: Socket) => {
    raw.add(socket);
    socket.setKeepAlive(true, keepAliveMs).once("close", () => raw.delete(socket));
    // What goes wrong on it is the business of whoever speaks over it.
    socket.on("error", () => {});
  });
  return {
    server,
    peerOf: (name) => peers.get(name) ?? nobody,
    destroyAll: () => {
      for (const socket of raw) socket.destroy();
    },
    dispose: () => endGuard?.(),
  };
}
