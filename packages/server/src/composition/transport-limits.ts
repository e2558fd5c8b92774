import type { TransportLimits } from "@persys/transports";
import type { Config } from "../config/config.ts";

/** The limits of both ports of the API, as they are set. */
export function transportLimits(config: Config): Partial<TransportLimits> {
  const { connectionAgeMaxMs: ageMaxMs } = config;
  return {
    connectionsMax: config.connectionsMax,
    connectionsPerAddressMax: config.connectionsPerAddressMax,
    connectionsUnknownMax: config.connectionsUnknownMax,
    streamsMax: config.streamsMax,
    headersTimeoutMs: config.headersTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    idleTimeoutMs: config.connectionIdleTimeoutMs,
    ageMaxMs: ageMaxMs === 0 ? Number.POSITIVE_INFINITY : ageMaxMs,
    ageGraceMs: config.connectionAgeGraceMs,
    keepaliveIntervalMs: config.keepaliveIntervalMs,
    keepaliveTimeoutMs: config.keepaliveTimeoutMs,
    clientPingIntervalMinMs: config.clientPingIntervalMinMs,
  };
}
