import type { Readable } from "node:stream";

/** So much of a body that nobody wants is read and thrown away, in bytes, so that a client still sending can read why. */
const DISCARD_MAX_BYTES = 64 * 1024 * 1024;

/**
 * The body of a request. Giving up on it does not tear the connection down, as leaving a loop over the request itself would: the rest is
 * read and thrown away, up to a bound, while the client is answered.
 */
export async function* requestBody(request: Readable): AsyncGenerator<Uint8Array> {
  let complete = false;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      yield chunk as Uint8Array;
    }
    complete = true;
  } finally {
    if (!complete) discardRest(request);
  }
}

/** Reads and throws away what is left of a body, up to a bound; past it the request is destroyed. */
export function discardRest(request: Readable): void {
  let discarded = 0;
  request.on("data", (chunk: Uint8Array) => {
    discarded += chunk.byteLength;
    if (discarded > DISCARD_MAX_BYTES) request.destroy();
  });
  // A client that leaves in the middle is no news.
  request.on("error", () => {});
  // Iterating has left it paused.
  request.resume();
}
