import { type IncomingMessage, request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import * as tls from "node:tls";
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
 * Asks hosts questions of HTTP. Trusts whom this host trusts, as git does: as it was when the first was asked, since Node reads that only once.
 */
export class GitHosts {
  readonly #authorities: () => readonly string[] | undefined;
  #trusted: tls.SecureContext | undefined;

  /** `authorities` tells the certificates of those that are trusted; undefined: those that Node has brought. */
  constructor(authorities: () => readonly string[] | undefined = systemAuthorities) {
    this.#authorities = authorities;
  }

  /** Asks one, follows nothing, and reads no more than the head of the answer. @throws the signal's reason when it aborts. */
  async ask(
    { url, addresses, authorization }: HostQuestion,
    signal: AbortSignal,
  ): Promise<HostAnswer> {
    signal.throwIfAborted();
    const isSecure = url.startsWith("https:");
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = authorization === undefined ? {} : { authorization };
    const options = { agent: false, headers, lookup: lookupAmong(addresses), signal } as const;
    const secureContext = isSecure ? this.#trust() : undefined;
    if (isSecure && secureContext === undefined) return { kind: "insecure" };
    // What `tls.connect` takes, `https.request` passes on.
    const secure = { ...options, secureContext };
    const call = isSecure ? overHttps(url, secure, resolve) : overHttp(url, options, resolve);
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
      const isErrno = errno !== undefined && /^E(?!RR_)/.test(errno);
      const why = isErrno ? errno : "it does not speak HTTP";
      return { kind: "unreachable", why, cause: error };
    } finally {
      call.destroy();
    }
  }

  /** Undefined: that cannot be read. */
  #trust(): tls.SecureContext | undefined {
    if (this.#trusted !== undefined) return this.#trusted;
    try {
      const ca = this.#authorities();
      this.#trusted = tls.createSecureContext(ca === undefined ? {} : { ca: [...new Set(ca)] });
      return this.#trusted;
    } catch {
      // Git reads it as well, and its words say what is wrong.
      return undefined;
    }
  }
}

/** Node has told them since 22.15. */
function systemAuthorities(): readonly string[] | undefined {
  const { getCACertificates }: Partial<Pick<typeof tls, "getCACertificates">> = tls;
  return getCACertificates?.("system");
}

function lookupAmong(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all === true) callback(null, all);
    else callback(null, all[0]?.address ?? "", all[0]?.family);
  };
}
