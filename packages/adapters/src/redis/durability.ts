import type { RedisConnection } from "./redis-connection.ts";
import { replyCodeOf } from "./redis-errors.ts";
import type { WantedDurability } from "./redis-options.ts";

/** What a server says of how it keeps what it has acknowledged. */
export interface ServerDurability {
  /** When it has an append-only file; undefined where it does not tell. */
  readonly hasAppendOnlyFile: boolean | undefined;
  /** `always`, `everysec` or `no`; undefined where it does not tell. */
  readonly appendFsync: string | undefined;
  /** Whether it leaves out fsync while it rewrites its file; undefined where it does not tell. */
  readonly pausesFsync: boolean | undefined;
  /** What it drops when its memory is full: `noeviction`, `allkeys-lru` and so on; undefined where it does not tell. */
  readonly evictionPolicy: string | undefined;
}

const names = ["appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory-policy"];

/**
 * Reads it from the server's configuration, or, where the user may not, what INFO says of it.
 * @throws what the connection failed with.
 */
export async function readDurability(connection: RedisConnection): Promise<ServerDurability> {
  const config = await askedFor(() => configured(connection));
  const info = config === undefined ? await askedFor(() => told(connection)) : {};
  const said = config ?? info ?? {};
  return {
    hasAppendOnlyFile: isYes(said["appendonly"]),
    appendFsync: said["appendfsync"],
    pausesFsync: isYes(said["no-appendfsync-on-rewrite"]),
    evictionPolicy: said["maxmemory-policy"],
  };
}

/** In what the server falls short of what is wanted, one sentence each; empty when in nothing. */
export function shortfalls(found: ServerDurability, wanted: WantedDurability): readonly string[] {
  const { hasAppendOnlyFile, appendFsync, pausesFsync, evictionPolicy } = found;
  const short: string[] = [];
  if (evictionPolicy?.startsWith("allkeys-") === true) {
    short.push(`maxmemory-policy ${evictionPolicy} lets it drop the state when memory is short`);
  }
  if (wanted === "none") return short;
  if (hasAppendOnlyFile === false) {
    short.push("without appendonly it loses everything since its last snapshot when it ends");
    return short;
  }
  if (hasAppendOnlyFile === undefined || appendFsync === undefined) {
    short.push("it does not tell appendonly and appendfsync, so how safe a commit is is not known");
    return short;
  }
  if (appendFsync === "no") {
    short.push("appendfsync no lets a loss of power take what its kernel has not yet written");
  } else if (appendFsync === "everysec" && wanted === "always") {
    short.push("appendfsync everysec lets a loss of power take the last second or two");
  }
  if (pausesFsync === true && wanted === "always" && appendFsync === "always") {
    short.push("no-appendfsync-on-rewrite leaves out fsync while it rewrites its file");
  }
  return short;
}

type Said = Readonly<Record<string, string | undefined>>;

async function configured(connection: RedisConnection): Promise<Said> {
  const found = await connection.read(async (redis) =>
    Promise.all(names.map((name) => redis.config("GET", name))),
  );
  return Object.fromEntries(
    found.flatMap((pair) => (Array.isArray(pair) && pair.length > 1 ? [pair.map(String)] : [])),
  ) as Said;
}

/** INFO says whether there is a file, not when it is synced. */
async function told(connection: RedisConnection): Promise<Said> {
  const [persistence, memory] = await connection.read(async (redis) =>
    Promise.all([redis.info("persistence"), redis.info("memory")]),
  );
  const field = (text: string, name: string): string | undefined =>
    new RegExp(`^${name}:(?<value>\\S*)`, "m").exec(text)?.groups?.["value"];
  const aof = field(persistence, "aof_enabled");
  return {
    appendonly: aof === undefined ? undefined : aof === "1" ? "yes" : "no",
    "maxmemory-policy": field(memory, "maxmemory_policy"),
  };
}

/** Undefined where the server refuses to tell: CONFIG is often forbidden, and renamed where others run the server. */
async function askedFor<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const code = replyCodeOf(error);
    if (code === "NOPERM" || code === "ERR") return undefined;
    throw error;
  }
}

function isYes(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value === "yes";
}
