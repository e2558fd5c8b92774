import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";

/** Unix seconds of a past moment in Unix milliseconds; 0 stays 0. */
export function toSeconds(ms: number): bigint {
  return BigInt(Math.floor(ms / 1000));
}

/** Unix seconds of a moment to come: never earlier than it. */
export function toSecondsUp(ms: number): bigint {
  return BigInt(Math.ceil(ms / 1000));
}

/** A timestamp of a moment in Unix milliseconds. */
export function toTimestamp(ms: number): Timestamp {
  return timestampFromMs(Math.trunc(ms));
}
