import { createHash, timingSafeEqual } from "node:crypto";

/** Tells who asks from the headers of a request. Undefined: nobody we know. */
export type Authenticate = (headers: Headers) => string | undefined;

/**
 * Knows callers by the token of their `Authorization: Bearer` header. `tokens` maps each token to the identity it stands for and is read at
 * every call; an empty one is nobody's. The time it takes tells nothing of a token but how many there are.
 */
export function bearerAuthenticator(tokens: ReadonlyMap<string, string>): Authenticate {
  return (headers) => {
    const [, given] = /^bearer +([^\s]+) *$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (given === undefined) return undefined;
    const digest = sha256(given);
    let identity: string | undefined;
    for (const [token, one] of tokens) {
      if (timingSafeEqual(sha256(token), digest)) identity = one;
    }
    return identity;
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
