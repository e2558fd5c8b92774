import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** Who is at the other end of a connection. */
export interface Peer {
  /** Its IP address; empty when it has gone. */
  readonly address: string;
  /** Whether nobody on the way can read or change what is said. */
  readonly encrypted: boolean;
  /** The certificate it has shown and proven to hold, trusted or not. Undefined without one. */
  readonly certificate: X509Certificate | undefined;
  /** Whether that certificate led to one of the server's authorities, and was valid, when the connection was made. */
  readonly authorized: boolean;
}

const known = new WeakMap<Socket, Peer>();

/** Who is at the other end of `socket`. Of one socket it is always the same. */
export function peerOf(socket: Socket): Peer {
  const there = known.get(socket);
  if (there !== undefined) return there;
  const peer = readPeer(socket);
  known.set(socket, peer);
  return peer;
}

function readPeer(socket: Socket): Peer {
  const address = socket.remoteAddress ?? "";
  if (!(socket instanceof TLSSocket)) {
    return { address, encrypted: false, certificate: undefined, authorized: false };
  }
  // What links it to its authority is not given to servers: that it does is what `authorized` says.
  const certificate = socket.getPeerX509Certificate();
  return { address, encrypted: true, certificate, authorized: socket.authorized };
}
