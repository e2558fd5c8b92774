import { createHash, timingSafeEqual } from "node:crypto";
import type { Authenticate } from "./authenticate.ts";
import type { Principal } from "./principal.ts";

/**
 * Knows callers by the token of their `Authorization: Bearer` header. `tokens` maps each token to whom it stands for and is read at
 * every call; an empty one is nobody's. The time it takes tells nothing of a token but how many there are.
 */
export function bearerAuthenticator(tokens: ReadonlyMap<string, Principal>): Authenticate {
  return ({ headers }) => {
    const [, given] = /^bearer +([^\s]+) *$/i.exec(headers.get("authorization") ?? "") ?? [];
    const digest = sha256(given ?? "");
    let principal: Principal | undefined;
    for (const [token, one] of tokens) {
      if (timingSafeEqual(sha256(token), digest)) principal = one;
    }
    if (given !== undefined && principal !== undefined) return { kind: "known", principal };
    const because = "missing or unknown token: send it as Authorization: Bearer TOKEN";
    return { kind: "unknown", because };
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
