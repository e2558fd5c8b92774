import { readFile, stat } from "node:fs/promises";
import { createLocalJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import type { JwtIssuer } from "./access-policy.ts";

/** The names in a web token, or why it is not believed, in words for whoever sent it. */
export type VerifiedToken =
  | { readonly ok: true; readonly names: readonly string[] }
  | { readonly ok: false; readonly because: string };

/** Finds out whether web tokens are to be believed. */
export interface JwtVerifier {
  /** Never throws. */
  verify(token: string, issuers: readonly JwtIssuer[]): Promise<VerifiedToken>;
}

/** Signatures by a key that only the issuer has. Those of shared secrets are not among them, nor `none`. */
const algorithms = [
  "ES256",
  "ES384",
  "ES512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "EdDSA",
  "Ed25519",
];

/** Clocks of issuers may differ from ours by so much, in seconds. */
const clockToleranceSeconds = 30;

const claims = z.object({ sub: z.string().min(1).max(1_024) });
const groups = z.array(z.string().min(1).max(1_024)).max(1_000);

const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

interface CachedKeys {
  readonly version: string;
  readonly keys: JWTVerifyGetKey;
}

/** Verifies web tokens with the keys in files, which are read again when they have changed. */
export class FileJwtVerifier implements JwtVerifier {
  readonly #keys = new Map<string, CachedKeys>();

  async verify(token: string, issuers: readonly JwtIssuer[]): Promise<VerifiedToken> {
    let because = "the token's issuer is not trusted here";
    for (const issuer of issuers) {
      const verified = await this.#verifyBy(token, issuer);
      if (verified.ok) return verified;
      if (!verified.isOfAnother) ({ because } = verified);
    }
    return { ok: false, because };
  }

  async #verifyBy(
    token: string,
    { name, issuer, audience, jwksFile, groupsClaim }: JwtIssuer,
  ): Promise<VerifiedToken & { readonly isOfAnother?: boolean }> {
    try {
      const keys = await this.#keysIn(jwksFile);
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ["sub", "exp"],
      });
      const { sub } = claims.parse(payload);
      const listed = groups.safeParse(payload[groupsClaim]);
      const of = name === undefined ? "" : `${name}/`;
      const ofGroups = (listed.data ?? []).map((group) => `group:${of}${group}`);
      return { ok: true, names: [`sub:${of}${sub}`, ...ofGroups] };
    } catch (error) {
      const isOfAnother = error instanceof errors.JWTClaimValidationFailed && error.claim === "iss";
      return { ok: false, because: reasonOf(error), isOfAnother };
    }
  }

  async #keysIn(path: string): Promise<JWTVerifyGetKey> {
    const cached = this.#keys.get(path);
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (cached?.version === version) return cached.keys;
      const { keys } = keySet.parse(JSON.parse(await readFile(path, "utf8")));
      const read = createLocalJWKSet({ keys });
      this.#keys.set(path, { version, keys: read });
      return read;
    } catch (error) {
      // A file that is just being written keeps nobody out who was let in before.
      if (cached !== undefined) return cached.keys;
      throw error;
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `the token's claim ${error.claim} is not what it has to be`;
  }
  if (error instanceof errors.JOSEError) return "the token is not valid";
  return "the keys of the token's issuer cannot be read at the moment";
}
