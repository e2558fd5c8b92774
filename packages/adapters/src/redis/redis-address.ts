/** Where a server is, and as whom to speak to it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

/** The port that IANA has registered for Redis; ioredis takes the same. */
const usualPort = 6379;

/**
 * The parts of `redis://[user:password@]host[:port][/database]`, or of `rediss://`.
 * @throws {RangeError} for anything else; the message holds nothing of the URL, which may hold a password.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "redis:" && url.protocol !== "rediss:")) {
    throw new RangeError("must be redis://host:port/database, or rediss:// for TLS");
  }
  if (url.hostname === "") throw new RangeError("must name a host");
  if (url.search !== "" || url.hash !== "") throw new RangeError("must end with the database");
  const database = /^\/?(?<number>\d{0,9})$/.exec(url.pathname)?.groups?.["number"];
  if (database === undefined) throw new RangeError("must name the database by its number");
  return {
    // The brackets of an IPv6 address belong to the URL.
    host: url.hostname.replace(/^\[(?<address>.*)\]$/, "$<address>"),
    port: url.port === "" ? usualPort : Number(url.port),
    isTls: url.protocol === "rediss:",
    username: decoded(url.username),
    password: decoded(url.password),
    database: Number(database),
  };
}

/** The address as it may be shown: without name and password. */
export function placeOf({ host, port, isTls, database }: RedisAddress): string {
  const shown = host.includes(":") ? `[${host}]` : host;
  return `${isTls ? "rediss" : "redis"}://${shown}:${port}/${database}`;
}

function decoded(part: string): string | undefined {
  if (part === "") return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RangeError("must have name and password percent-encoded");
  }
}
