import { AgentError, type SealingKey, type SecretSealer } from "@persys/core";

/** A sealer whose seals anyone could break, for tests of who seals and unseals what, and when. The last of its keys is the one of now. */
export class PaperSealer implements SecretSealer {
  /** How often something was sealed and unsealed. */
  seals = 0;
  unseals = 0;
  readonly #keyIds: readonly string[];

  constructor(keyIds: readonly string[] = ["k1"]) {
    this.#keyIds = keyIds;
  }

  get keyId(): string {
    return this.#keyIds.at(-1) ?? "";
  }

  seal(text: string, place: string): string {
    this.seals += 1;
    return `${this.keyId}.${Buffer.from(JSON.stringify([place, text])).toString("hex")}`;
  }

  unseal(sealed: string, place: string): string {
    this.unseals += 1;
    const [, hex = ""] = sealed.split(".");
    const [sealedFor, text] = JSON.parse(Buffer.from(hex, "hex").toString()) as [string, string];
    if (this.keyOf(sealed) === "missing" || sealedFor !== place)
      throw new AgentError("SECRET_UNAVAILABLE", "the seal does not open", {
        retryable: true,
        effect: "none",
      });
    return text;
  }

  keyOf(sealed: string): SealingKey {
    const [keyId = ""] = sealed.split(".");
    if (keyId === this.keyId) return "current";
    return this.#keyIds.includes(keyId) ? "earlier" : "missing";
  }

  digest(text: string, keyId: string): string | undefined {
    if (!this.#keyIds.includes(keyId)) return undefined;
    let sum = keyId.length;
    for (const char of text + keyId) sum = (sum * 31 + char.charCodeAt(0)) % 0xffff_ffff;
    return sum.toString(16).padEnd(64, "0");
  }
}
