import { type IncomingMessage, request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { getCACertificates } from "node:tls";
import { errnoOf } from "../docker/docker-errors.ts";

/** What a host is asked. */
export interface HostQuestion {
  readonly url: string;
  /** The only ones that it is reached at. */
  readonly addresses: readonly string[];
  readonly authorization: string | undefined;
}

/** What came of it. */
export type HostAnswer =
  | { readonly kind: "answered"; readonly status: number; readonly location: string }
  /** `why`: an errno, or words. */
  | { readonly kind: "unreachable"; readonly why: string; readonly cause: unknown }
  /** It is there, and no connection over TLS came about: what git says of that has to do. */
  | { readonly kind: "insecure" };

/**
 * Asks a host a question of HTTP, follows nothing, and reads no more than the head of the answer. Trusts who is trusted on this host, as git does.
 * @throws the signal's reason when it aborts.
 */
export async function askHost(
  { url, addresses, authorization }: HostQuestion,
  signal: AbortSignal,
): Promise<HostAnswer> {
  signal.throwIfAborted();
  const isSecure = url.startsWith("https:");
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = authorization === undefined ? {} : { authorization };
  const options = { agent: false, headers, lookup: lookupAmong(addresses), signal } as const;
  const call = isSecure
    ? overHttps(url, { ...options, ca: trusted() }, resolve)
    : overHttp(url, options, resolve);
  let isConnected = false;
  let isThrough = !isSecure;
  call.on("socket", (socket) => {
    socket.once("connect", () => (isConnected = true));
    socket.once("secureConnect", () => (isThrough = true));
  });
  call.on("error", reject);
  call.end();
  try {
    const { headers: said, statusCode: status = 0 } = await promise;
    return { kind: "answered", status, location: said.location ?? "" };
  } catch (error) {
    signal.throwIfAborted();
    if (isConnected && !isThrough) return { kind: "insecure" };
    const errno = errnoOf(error);
    const why = errno !== undefined && /^E(?!RR_)/.test(errno) ? errno : "it does not speak HTTP";
    return { kind: "unreachable", why, cause: error };
  } finally {
    call.destroy();
  }
}

function trusted(): string[] {
  return [...getCACertificates("default"), ...getCACertificates("system")];
}

function lookupAmong(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all === true) callback(null, all);
    else callback(null, all[0]?.address ?? "", all[0]?.family);
  };
}
