import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** Who is at the other end of a connection. */
export interface Peer {
  /** Its IP address; empty when it has gone. */
  readonly address: string;
  /** Whether nobody on the way can read or change what is said. */
  readonly encrypted: boolean;
  /** The certificate it has shown and proven to hold, trusted or not, and then what it sent besides. Empty without one. */
  readonly chain: readonly X509Certificate[];
  /** Whether the chain led to one of the server's authorities, and was valid, when the connection was made. */
  readonly authorized: boolean;
}

/** As much of a chain as is looked at: nobody who is trusted has a longer one. */
const chainMax = 10;

/** Who is at the other end of `socket`. */
export function peerOf(socket: Socket): Peer {
  const address = socket.remoteAddress ?? "";
  if (!(socket instanceof TLSSocket)) {
    return { address, encrypted: false, chain: [], authorized: false };
  }
  return { address, encrypted: true, chain: chainOf(socket), authorized: socket.authorized };
}

function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < chainMax) {
    chain.push(certificate);
    const issuer: X509Certificate | undefined = certificate.issuerCertificate;
    certificate = issuer?.fingerprint256 === certificate.fingerprint256 ? undefined : issuer;
  }
  return chain;
}
