import { InvariantError } from "@persys/core";
import { type Decoded, defect, openEnvelope, sealEnvelope } from "./envelope.ts";

/** Turns the body of one version into that of the next. Pure; throws when the body is not of its version. */
export type Upgrade = (body: unknown) => unknown;

/** How values of one type are written and read. */
export interface EntryFormat<T> {
  /** An ASCII letter, different for each type. */
  readonly kind: string;
  /** The version that is written. Raised with every change that an older release would misread. */
  readonly version: number;
  /** For each earlier version, the way to the next. */
  readonly upgrades: ReadonlyMap<number, Upgrade>;
  /** The key that a value belongs under. */
  keyOf(value: T): string;
  /** What is wrong with the shape of a body of the current version; undefined when it is a `T`. */
  faultOf(body: unknown): string | undefined;
}

/** Writes and reads the stored form of one type. */
export interface EntryCodec<T> {
  /**
   * The bytes to store.
   * @throws {InvariantError} when the value could not be read back: nothing is ever written that would be quarantined.
   */
  encode(value: T): Buffer;
  /** What `bytes`, found under `key`, hold. Never throws. The value shares nothing with `bytes`. */
  decode(key: string, bytes: Uint8Array): Decoded<T>;
}

/** The codec for a format. */
export function createEntryCodec<T>(format: EntryFormat<T>): EntryCodec<T> {
  const { kind, version } = format;
  return {
    encode(value) {
      const fault = format.faultOf(value);
      if (fault !== undefined) {
        throw new InvariantError(`an entry of kind ${kind} cannot be stored: ${fault}`);
      }
      return sealEnvelope({ kind, version, key: format.keyOf(value) }, JSON.stringify(value));
    },
    decode(key, bytes) {
      const opened = openEnvelope(bytes, { kind, key });
      if (!opened.ok) return opened;
      const { version: found, body } = opened.value;
      if (found > version) {
        return defect(
          "newer",
          `was written by a newer version of the agent (format ${found}, this one reads up to ${version})`,
        );
      }
      const upgraded = upgrade(format, found, body);
      if (!upgraded.ok) return upgraded;
      const fault = format.faultOf(upgraded.value);
      if (fault !== undefined) return defect("malformed", fault);
      const value = upgraded.value as T;
      return format.keyOf(value) === key
        ? { ok: true, value }
        : defect("malformed", "names another key than the one it is stored under");
    },
  };
}

function upgrade<T>(format: EntryFormat<T>, found: number, bytes: Uint8Array): Decoded<unknown> {
  try {
    let body: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    for (let from = found; from < format.version; from += 1) {
      const next = format.upgrades.get(from);
      if (next === undefined) return defect("malformed", `has the unknown format ${from}`);
      body = next(body);
    }
    return { ok: true, value: body };
  } catch (error) {
    // The checksum held, so this is what was written: an entry that no release understands.
    const why = error instanceof Error ? error.name : "an unknown error";
    return defect("malformed", `cannot be read as format ${found}: ${why}`);
  }
}
