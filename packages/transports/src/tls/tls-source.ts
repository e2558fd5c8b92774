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
   * Why the holder of a client certificate is not trusted now, in words for that client; undefined when it is. `chain` has its
   * certificate first and then what it sent besides. Asked when a client connects, and again of everybody connected after a change.
   */
  distrust(chain: readonly X509Certificate[]): string | undefined;
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
