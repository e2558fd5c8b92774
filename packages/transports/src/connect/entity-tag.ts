import { createHash } from "node:crypto";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";

/**
 * The answer to a read by GET, for the cache of whoever asked: kept, and asked for anew each time (`no-cache`), when nothing but its tag is
 * sent as long as it is the same. Other answers are returned as they are. A shared cache never keeps one: who may read what, it does not know.
 */
export async function cacheable(
  answer: UniversalServerResponse,
  request: { readonly method: string | undefined; readonly ifNoneMatch: string | undefined },
): Promise<UniversalServerResponse> {
  const { body, header, status } = answer;
  if (request.method !== "GET" || status !== 200 || body === undefined || body === null) {
    return answer;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const tag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  const tagged = new Headers(header);
  tagged.set("etag", tag);
  tagged.set("cache-control", "private, no-cache");
  tagged.set("vary", "Origin, Authorization, Accept-Encoding");
  if (isNamed(tag, request.ifNoneMatch)) {
    for (const name of ["content-type", "content-encoding", "content-length"]) tagged.delete(name);
    return { ...answer, status: 304, header: tagged, body: none() };
  }
  return { ...answer, header: tagged, body: one(bytes) };
}

function isNamed(tag: string, ifNoneMatch: string | undefined): boolean {
  const names = (ifNoneMatch ?? "").split(",").map((name) => name.trim().replace(/^W\//, ""));
  return names.includes(tag) || names.includes("*");
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* none(): AsyncGenerator<Uint8Array> {}
