import { AgentError, type SecretSealer } from "@persys/core";

/** A sealer without a key, for tests of what is sealed: hexadecimal text is not found by a search for the secret. */
export const hexSealer: SecretSealer = {
  keyId: "hex",
  seal: (text, place) => Buffer.from(JSON.stringify([place, text])).toString("hex"),
  unseal: (sealed, place) => {
    const [sealedFor, text] = JSON.parse(Buffer.from(sealed, "hex").toString()) as [string, string];
    if (sealedFor === place) return text;
    throw new AgentError("SECRET_UNAVAILABLE", "it was sealed for another place");
  },
  keyOf: () => "current",
  digest: () => undefined,
};
