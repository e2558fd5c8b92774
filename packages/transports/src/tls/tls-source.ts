import type { X509Certificate } from "node:crypto";

/** What a server shows of itself, and which authorities it names when it asks for certificates. PEM texts. */
export interface TlsMaterial {
  /** The server's own certificate, followed by what links it to its authority. */
  readonly cert: string;
  readonly key: string;
  /** The authorities whose clients are known. */
  readonly ca: readonly string[];
}

/** Where a server has its certificates from. They may change while it serves. */
export interface TlsSource {
  /** What is to be used now; always complete and valid in itself. */
  readonly current: TlsMaterial;
  /**
   * Why a client certificate is not to be relied on now though an authority has issued it (it is revoked, has expired, is for other uses), in words
   * for that client; undefined when it is. Asked of every call, and of everybody connected after a change.
   */
  distrust(certificate: X509Certificate): string | undefined;
  /** Whether one of the authorities of now has itself issued the certificate. */
  hasIssued(certificate: X509Certificate): boolean;
  /** Calls `listener` after every change of `current` or of the trust. The function returned ends that. */
  onChange(listener: () => void): () => void;
}

/** How a server speaks TLS. */
export interface TlsOptions {
  readonly source: TlsSource;
  /**
   * `required`: who brings no trusted certificate is turned away in the handshake. `asked`: who brings none is heard, and has to be known by
   * a token.
   */
  readonly clientCertificates: "required" | "asked";
}
