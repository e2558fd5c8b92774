import type { ConnectionBounds } from "../net/connection-gate.ts";
import type { ConnectionLife } from "../net/session-life.ts";

/** Bounds of what clients may ask of a transport. */
export interface TransportLimits extends ConnectionBounds, ConnectionLife {
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
  /** Largest headers of a request, in bytes. The gRPC port has 65,535: grpc-js cannot be told another number. */
  readonly headersMaxBytes: number;
  /** Calls at once on one HTTP/2 connection. */
  readonly streamsMax: number;
}

/** The limits of a transport that names none. */
export const defaultLimits: TransportLimits = {
  readMaxBytes: 4 * 1024 * 1024,
  writeMaxBytes: 64 * 1024 * 1024,
  timeoutMaxMs: 24 * 60 * 60 * 1000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  headersMaxBytes: 65_535,
  streamsMax: 1_000,
  connectionsMax: 10_000,
  connectionsPerAddressMax: 2_000,
  connectionsUnknownMax: 256,
  idleTimeoutMs: 120_000,
  ageMaxMs: 24 * 60 * 60 * 1000,
  ageGraceMs: 60 * 60 * 1000,
  keepaliveIntervalMs: 60_000,
  keepaliveTimeoutMs: 20_000,
  clientPingIntervalMinMs: 5_000,
};
