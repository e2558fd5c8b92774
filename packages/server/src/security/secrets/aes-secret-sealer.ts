import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from "node:crypto";
import { AgentError, type SealingKey, type SecretSealer } from "@persys/core";
import type { SecretKeys } from "./key-file.ts";

/** What one key is used for: never one key for two ends. Made into key objects once, which takes longer than to seal a value. */
interface DerivedKeys {
  readonly sealing: KeyObject;
  readonly digesting: KeyObject;
}

const algorithm = "aes-256-gcm";
/** The version of what is sealed. */
const prefix = "s1.";
const keyBytes = 32;
/** NIST SP 800-38D, 8.2: at 96 random bits a key may seal 2^32 values. */
const nonceBytes = 12;
const tagBytes = 16;
/** Nonces are drawn so many at a time: asking the system for each takes longer than sealing. */
const noncesDrawn = 64;

/**
 * Seals with AES-256-GCM, each value with a random nonce and bound to its place:
 *
 *     s1.KEYID.base64url(nonce | ciphertext | tag)
 *
 * and digests with HMAC-SHA-256. Both keys are derived from the file's (HKDF-SHA-256).
 */
export class AesSecretSealer implements SecretSealer {
  readonly keyId: string;
  readonly #keys: ReadonlyMap<string, DerivedKeys>;
  readonly #file: string;
  readonly #drawn: Buffer = Buffer.alloc(nonceBytes * noncesDrawn);
  #drawnAt: number = this.#drawn.length;

  /** `file` names where the keys are, for whoever has to put one back. */
  constructor(keys: SecretKeys, file: string) {
    this.#keys = new Map(keys.map(({ id, secret }) => [id, derived(secret)]));
    this.#file = file;
    this.keyId = (keys.at(-1) ?? keys[0]).id;
  }

  seal(text: string, place: string): string {
    const nonce = this.#nonce();
    const { sealing } = this.#keyOf(this.keyId);
    const cipher = createCipheriv(algorithm, sealing, nonce).setAAD(Buffer.from(place));
    const sealed = [nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
    return `${prefix}${this.keyId}.${Buffer.concat(sealed).toString("base64url")}`;
  }

  unseal(sealed: string, place: string): string {
    const { keyId, bytes } = partsOf(sealed);
    const { sealing } = this.#keyOf(keyId);
    const end = bytes.length - tagBytes;
    try {
      const decipher = createDecipheriv(algorithm, sealing, bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(Math.max(end, 0)));
      const text = decipher.update(bytes.subarray(nonceBytes, Math.max(end, nonceBytes)));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    } catch (cause) {
      throw unavailable(
        "a stored secret was altered, or belongs to another workload: apply the workload again, under another revision id",
        cause,
      );
    }
  }

  keyOf(sealed: string): SealingKey {
    const keyId = keyIdOf(sealed);
    if (keyId === this.keyId) return "current";
    return this.#keys.has(keyId) ? "earlier" : "missing";
  }

  digest(text: string, keyId: string): string | undefined {
    const keys = this.#keys.get(keyId);
    return keys && createHmac("sha256", keys.digesting).update(text).digest("hex");
  }

  #keyOf(keyId: string): DerivedKeys {
    const keys = this.#keys.get(keyId);
    if (keys !== undefined) return keys;
    throw unavailable(
      `the secrets of this workload were sealed with key ${keyId}, which ${this.#file} does not have: put the file that has it back and start the agent again, or apply the workload under another revision id`,
    );
  }

  #nonce(): Buffer {
    if (this.#drawnAt === this.#drawn.length) {
      randomFillSync(this.#drawn);
      this.#drawnAt = 0;
    }
    // Copied: what was drawn is drawn over.
    const nonce = Buffer.from(this.#drawn.subarray(this.#drawnAt, this.#drawnAt + nonceBytes));
    this.#drawnAt += nonceBytes;
    return nonce;
  }
}

function derived(secret: string): DerivedKeys {
  const key = Buffer.from(secret, "base64");
  const forUse = (use: string): KeyObject => {
    const bytes = hkdfSync("sha256", key, Buffer.alloc(0), `persys secrets ${use} 1`, keyBytes);
    return createSecretKey(Buffer.from(bytes));
  };
  return { sealing: forUse("seal"), digesting: forUse("digest") };
}

/** Without a look at the rest, which may be long: a start asks it of every stored value. */
function keyIdOf(sealed: string): string {
  if (!sealed.startsWith(prefix)) return "";
  const end = sealed.indexOf(".", prefix.length);
  return sealed.slice(prefix.length, end < 0 ? undefined : end);
}

function partsOf(sealed: string): { readonly keyId: string; readonly bytes: Buffer } {
  const [, , text = ""] = sealed.startsWith(prefix) ? sealed.split(".") : [];
  return { keyId: keyIdOf(sealed), bytes: Buffer.from(text, "base64url") };
}

function unavailable(message: string, cause?: unknown): AgentError {
  return new AgentError("SECRET_UNAVAILABLE", message, { retryable: true, effect: "none", cause });
}
