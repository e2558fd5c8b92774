import type { Config } from "./config.ts";
import type { ConfigOption } from "./config-option.ts";
import { duration } from "./duration.ts";
import { listOf } from "./list-type.ts";
import { wholeNumber } from "./option-type.ts";
import { hostName, webOrigin } from "./web-origin.ts";

type ConnectionSetting =
  | "httpAllowedOrigins"
  | "httpHosts"
  | "connectionsMax"
  | "connectionsPerAddressMax"
  | "connectionsUnknownMax"
  | "streamsMax"
  | "headersTimeoutMs"
  | "requestTimeoutMs"
  | "connectionIdleTimeoutMs"
  | "connectionAgeMaxMs"
  | "connectionAgeGraceMs"
  | "keepaliveIntervalMs"
  | "keepaliveTimeoutMs"
  | "clientPingIntervalMinMs";

const browsers = "Browsers";
const section = "Connections";
const secondMs = 1_000;
const hourMs = 3_600 * secondMs;
const dayMs = 24 * hourMs;

/** The rows of the table about browsers and the connections of both ports. */
export const connectionOptions: {
  readonly [Name in ConnectionSetting]: ConfigOption<Config[Name]>;
} = {
  httpAllowedOrigins: {
    section: browsers,
    key: "http_allowed_origins",
    env: ["PERSYS_HTTP_ALLOWED_ORIGINS"],
    type: listOf({
      name: "origins",
      rule: "an origin such as https://console.example or http://127.0.0.1:5173, without a path",
      read: webOrigin,
      write: (origin) => origin,
    }),
    standard: [],
    doc: "Sites whose pages may call the API from a browser (CORS), each exactly. They send a token; cookies and the browser's certificates are never asked for.",
  },
  httpHosts: {
    section: browsers,
    key: "http_hosts",
    env: ["PERSYS_HTTP_HOSTS"],
    type: listOf({
      name: "host names",
      rule: "a host name, without a port",
      read: hostName,
      write: (name) => name,
    }),
    standard: [],
    doc: "Names by which requests may call the API, besides localhost, IP addresses and the names in its certificate: those of a proxy, for example. Other names are refused, since a web page may have made them lead here (DNS rebinding).",
  },
  connectionsMax: {
    section,
    key: "connections_max",
    env: ["PERSYS_CONNECTIONS_MAX"],
    type: wholeNumber(1, 1_000_000),
    standard: 10_000,
    doc: "Most connections at once to each of the two ports of the API. Where there is no room for a new one, the oldest makes room over which nobody has shown yet who asks.",
  },
  connectionsPerAddressMax: {
    section,
    key: "connections_per_address_max",
    env: ["PERSYS_CONNECTIONS_PER_ADDRESS_MAX"],
    type: wholeNumber(1, 1_000_000),
    standard: 2_000,
    doc: "Most of these from one address, or from one /64 of IPv6.",
  },
  connectionsUnknownMax: {
    section,
    key: "connections_unknown_max",
    env: ["PERSYS_CONNECTIONS_UNKNOWN_MAX"],
    type: wholeNumber(1, 1_000_000),
    standard: 256,
    doc: "Most of these over which nobody has shown a trusted certificate or a good token yet. The oldest of the address that has most of them makes room for a new one.",
  },
  streamsMax: {
    section,
    key: "streams_max",
    env: ["PERSYS_STREAMS_MAX"],
    type: wholeNumber(1, 100_000),
    standard: 1_000,
    doc: "Most calls at once over one connection of HTTP/2. Clients are told, and wait.",
  },
  headersTimeoutMs: {
    section,
    key: "headers_timeout",
    env: ["PERSYS_HEADERS_TIMEOUT"],
    type: duration(100, hourMs),
    standard: 10 * secondMs,
    doc: "How long a handshake, and over HTTP/1.1 the headers of a request, may take to arrive.",
  },
  requestTimeoutMs: {
    section,
    key: "request_timeout",
    env: ["PERSYS_REQUEST_TIMEOUT"],
    type: duration(100, hourMs),
    standard: 60 * secondMs,
    doc: "How long a whole request may take to arrive. How long its answer takes is the caller's deadline.",
  },
  connectionIdleTimeoutMs: {
    section,
    key: "connection_idle_timeout",
    env: ["PERSYS_CONNECTION_IDLE_TIMEOUT"],
    type: duration(secondMs, dayMs),
    standard: 120 * secondMs,
    doc: "How long a connection without a call is kept.",
  },
  connectionAgeMaxMs: {
    section,
    key: "connection_age_max",
    env: ["PERSYS_CONNECTION_AGE_MAX"],
    type: duration(0, 20 * dayMs),
    standard: dayMs,
    doc: "After so long, a tenth more or less, a connection takes no more calls; clients open another by themselves. 0: never.",
  },
  connectionAgeGraceMs: {
    section,
    key: "connection_age_grace",
    env: ["PERSYS_CONNECTION_AGE_GRACE"],
    type: duration(0, 4 * dayMs),
    standard: hourMs,
    doc: "How long calls under way then, such as watches, go on before they are ended with UNAVAILABLE.",
  },
  keepaliveIntervalMs: {
    section,
    key: "keepalive_interval",
    env: ["PERSYS_KEEPALIVE_INTERVAL"],
    type: duration(100, dayMs),
    standard: 60 * secondMs,
    doc: "How often the agent asks whether the client of a connection of HTTP/2 is still there.",
  },
  keepaliveTimeoutMs: {
    section,
    key: "keepalive_timeout",
    env: ["PERSYS_KEEPALIVE_TIMEOUT"],
    type: duration(100, hourMs),
    standard: 20 * secondMs,
    doc: "How long it waits for the answer before it ends the connection.",
  },
  clientPingIntervalMinMs: {
    section,
    key: "client_ping_interval_min",
    env: ["PERSYS_CLIENT_PING_INTERVAL_MIN"],
    type: duration(0, hourMs),
    standard: 5 * secondMs,
    doc: "How often clients may ask so in turn. Who does so more often, while nothing is sent to him, has his connection ended (GOAWAY `too_many_pings`).",
  },
};
