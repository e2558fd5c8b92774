import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { keepAliveMs } from "../connect/http-front.ts";
import type { TransportLimits } from "../connect/limits.ts";
import type { ConnectionGate } from "../net/connection-gate.ts";
import { type ConnectionEnds, nameOf } from "../net/connection-name.ts";
import { guardTls, tlsServerOptions } from "../tls/guard-tls.ts";
import { type Peer, peerOf } from "../tls/peer.ts";
import type { TlsOptions } from "../tls/tls-source.ts";

/** Takes connections in for a server of gRPC. */
export interface GrpcFront {
  readonly server: Server;
  /** Who is at the other end of this connection. */
  peerOf(connection: ConnectionEnds): Peer;
  /** Whether this is one of its connections. */
  has(connection: ConnectionEnds): boolean;
  /** Destroys every connection. */
  destroyAll(): void;
  /** Lets go of what outlives the connections. */
  dispose(): void;
}

/** What a front needs. */
export interface GrpcFrontOptions {
  readonly limits: TransportLimits;
  /** Left out: it speaks clear text. */
  readonly tls: TlsOptions | undefined;
  /** Bounds how many connections there are. */
  readonly gate: ConnectionGate;
}

const nobody: Peer = { address: "", encrypted: false, certificate: undefined, authorized: false };

/** Hands every connection to `take`, once its handshake is done where there is one. */
export function openGrpcFront(
  { limits, tls, gate }: GrpcFrontOptions,
  take: (socket: Socket) => void,
): GrpcFront {
  const raw = new Set<Socket>();
  const peers = new Map<string, Peer>();
  const admit = (socket: Socket): void => {
    // A guard may just have turned it away.
    if (socket.destroyed) return;
    const name = nameOf(socket);
    const peer = peerOf(socket);
    peers.set(name, peer);
    if (peer.authorized) gate.know(socket);
    socket.once("close", () => {
      if (peers.get(name) === peer) peers.delete(name);
    });
    take(socket);
  };
  const { server, endGuard } = openServer(limits, tls, admit);
  server.on("connection", (socket: Socket) => {
    raw.add(socket);
    socket.setKeepAlive(true, keepAliveMs).once("close", () => raw.delete(socket));
    // What goes wrong on it is the business of whoever speaks over it.
    socket.on("error", () => {});
  });
  gate.guard(server);
  return {
    server,
    peerOf: (connection) => peers.get(nameOf(connection)) ?? nobody,
    has: (connection) => peers.has(nameOf(connection)),
    destroyAll: () => {
      for (const socket of raw) socket.destroy();
    },
    dispose: endGuard,
  };
}

function openServer(
  limits: TransportLimits,
  tls: TlsOptions | undefined,
  admit: (socket: Socket) => void,
): { readonly server: Server; readonly endGuard: () => void } {
  if (tls === undefined) return { server: createServer(admit), endGuard: () => {} };
  const options = { ...tlsServerOptions(tls, limits.headersTimeoutMs), ALPNProtocols: ["h2"] };
  const server = createTlsServer(options, admit);
  return { server, endGuard: guardTls(server, tls) };
}
