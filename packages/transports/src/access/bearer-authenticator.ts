import { createHash, timingSafeEqual } from "node:crypto";
import type { Authenticate } from "./authenticate.ts";

/**
 * Knows callers by the token of their `Authorization: Bearer` header. `tokens` maps each token to the identity it stands for and is read at
 * every call; an empty one is nobody's. The time it takes tells nothing of a token but how many there are.
 */
export function bearerAuthenticator(tokens: ReadonlyMap<string, string>): Authenticate {
  return ({ headers }) => {
    const [, given] = /^bearer +([^\s]+) *$/i.exec(headers.get("authorization") ?? "") ?? [];
    const digest = sha256(given ?? "");
    let identity: string | undefined;
    for (const [token, one] of tokens) {
      if (timingSafeEqual(sha256(token), digest)) identity = one;
    }
    if (given !== undefined && identity !== undefined) return { kind: "known", identity };
    const because = "missing or unknown token: send it as Authorization: Bearer TOKEN";
    return { kind: "unknown", because };
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
