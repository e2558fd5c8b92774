import type { StoredBytes, StoredEntry } from "@persys/conformance";
import type { Redis } from "ioredis";
import { newerEntry } from "../support/newer-entry.ts";
import { keyOf } from "./redis-bench.ts";

/** The keys whose values are compared: not the lease, which runs out by itself. */
const hashes = ["owner", "records", "actions"];

/** The bytes that a server has of a node, as docs/operations.md names them. */
export function storedInRedis(redis: Redis, nodeId: string): StoredBytes {
  const key = (name: string): string => keyOf(nodeId, name);
  const write = async (entry: StoredEntry, value: Uint8Array): Promise<void> => {
    const bytes = Buffer.from(value);
    const place = placeOf(entry);
    if (place === undefined) await redis.set(key("about"), bytes);
    else await redis.hset(key(place.hash), place.field, bytes);
  };
  return {
    write,
    read: async (entry) => {
      const place = placeOf(entry);
      const bytes =
        place === undefined
          ? await redis.getBuffer(key("about"))
          : await redis.hgetBuffer(key(place.hash), place.field);
      return bytes ?? undefined;
    },
    makeNewer: (entry) => write(entry, newerEntry(entry)),
    all: async () => {
      const all = new Map<string, Uint8Array>();
      const about = await redis.getBuffer(key("about"));
      if (about !== null) all.set("about", about);
      for (const hash of hashes) {
        const fields = await redis.hgetallBuffer(key(hash));
        for (const [field, bytes] of Object.entries(fields)) all.set(`${hash} ${field}`, bytes);
      }
      return all;
    },
  };
}

/** Where in a hash an entry lies; undefined for the one that is a string. */
function placeOf(
  entry: StoredEntry,
): { readonly hash: string; readonly field: string } | undefined {
  switch (entry.kind) {
    case "record":
      return { hash: "records", field: entry.id };
    case "action":
      return { hash: "actions", field: String(entry.seq) };
    case "epoch":
      return { hash: "owner", field: "ownership" };
    case "layout":
      return undefined;
  }
}
