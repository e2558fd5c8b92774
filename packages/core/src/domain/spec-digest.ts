import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson } from "./canonical-json.ts";
import type { Json } from "./json.ts";

/**
 * A digest of a canonical spec, prefixed with the version of the algorithm that made it: `v1:` and 64 hex digits. Where secrets are sealed,
 * `v2.KEY:` and 64 hex digits, which only who has that key can make or check.
 */
export type SpecDigest = string;

const algorithms = {
  v1: (spec: Json): string => bytesToHex(sha256(utf8ToBytes(canonicalJson(spec)))),
} as const;

type Version = keyof typeof algorithms;
const current: Version = "v1";

/**
 * The digest of a spec as it was sent, before any default is filled in, so that a later version with other defaults sees the same spec.
 * With `like`, the algorithm that made that digest is used, so that a re-apply after an upgrade compares equal.
 */
export function specDigest(spec: Json, like?: SpecDigest): SpecDigest {
  const version = like === undefined ? current : versionOf(like);
  return `${version}:${algorithms[version](spec)}`;
}

/** The revision id of a spec that came without one: the first 24 hex digits of its digest. */
export function derivedRevisionId(digest: SpecDigest): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 24);
}

function versionOf(digest: SpecDigest): Version {
  const prefix = digest.slice(0, digest.indexOf(":"));
  return Object.hasOwn(algorithms, prefix) ? (prefix as Version) : current;
}
