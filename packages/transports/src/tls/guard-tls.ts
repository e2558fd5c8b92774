import type {
  SecureContextOptions,
  Server,
  TlsOptions as NodeTlsOptions,
  TLSSocket,
} from "node:tls";
import { peerOf } from "./peer.ts";
import type { TlsMaterial, TlsOptions } from "./tls-source.ts";

/** What a server of TLS is made with: TLS 1.2 or 1.3, asking every client for its certificate. */
export function tlsServerOptions(options: TlsOptions, handshakeTimeoutMs: number): NodeTlsOptions {
  const { source, clientCertificates } = options;
  return {
    ...contextOf(source.current),
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: true,
    // Who may come without a certificate is told in the answer to a request what is wrong with the one that was shown.
    rejectUnauthorized: clientCertificates === "required",
  };
}

/**
 * Turns clients away that are not trusted, where certificates are required. When the certificates change, new connections get the new ones, and
 * those whose client is not trusted any more are destroyed. The function returned ends that; it may be called again.
 */
export function guardTls(server: Server, { source, clientCertificates }: TlsOptions): () => void {
  /** With the authorities of their handshakes. */
  const trusted = new Map<TLSSocket, string>();
  const authorities = (): string => source.current.ca.join("");
  server.prependListener("secureConnection", (socket: TLSSocket) => {
    const { certificate, authorized } = peerOf(socket);
    const isTrusted =
      authorized && certificate !== undefined && source.distrust(certificate) === undefined;
    if (isTrusted) {
      trusted.set(socket, authorities());
      socket.once("close", () => trusted.delete(socket));
    } else if (clientCertificates === "required") {
      socket.destroy();
    }
  });
  return source.onChange(() => {
    server.setSecureContext(contextOf(source.current));
    const now = authorities();
    for (const [socket, then] of trusted) {
      const { certificate } = peerOf(socket);
      // Who came by way of an authority between comes again: only a handshake shows that way.
      const isIssued = certificate !== undefined && (then === now || source.hasIssued(certificate));
      if (!isIssued || source.distrust(certificate) !== undefined) socket.destroy();
    }
  });
}

/** All that a context consists of: what is left out when it is replaced falls back to Node's own. */
function contextOf({ cert, key, ca }: TlsMaterial): SecureContextOptions {
  return { cert, key, ca: [...ca], minVersion: "TLSv1.2", maxVersion: "TLSv1.3" };
}
