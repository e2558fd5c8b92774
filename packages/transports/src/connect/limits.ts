/** Bounds of what clients may ask of a transport. */
export interface TransportLimits {
  /** Largest request message, in bytes, after decompression. */
  readonly readMaxBytes: number;
  /** Largest answer message, in bytes. */
  readonly writeMaxBytes: number;
  /** Longest deadline that a client may name, in milliseconds. */
  readonly timeoutMaxMs: number;
  /** How long a connection may take to send its first bytes, and a request its headers, in milliseconds. */
  readonly headersTimeoutMs: number;
  /** How long a request may take to arrive, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Largest headers of a request, in bytes. */
  readonly headersMaxBytes: number;
  /** How long a connection without a call is kept, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Calls at once on one HTTP/2 connection. */
  readonly streamsMax: number;
  /** Connections at once. */
  readonly connectionsMax: number;
}

/** The limits of a transport that names none. */
export const defaultLimits: TransportLimits = {
  readMaxBytes: 4 * 1024 * 1024,
  writeMaxBytes: 64 * 1024 * 1024,
  timeoutMaxMs: 24 * 60 * 60 * 1000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  headersMaxBytes: 32 * 1024,
  idleTimeoutMs: 120_000,
  streamsMax: 1_000,
  connectionsMax: 10_000,
};
