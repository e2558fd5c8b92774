import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

const loopbackNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether an address that a server is bound to can be reached from its own machine alone. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/**
 * Whether a request names this machine as its host, with any port. A page in a browser that was led here by a name of its own (DNS rebinding)
 * sends that name.
 */
export function namesLoopback(authority: string | undefined): boolean {
  const host = hostOf(authority);
  return loopbackNames.has(host) || isLoopback(host);
}

/** By which names a server may be called. */
export interface HostNames {
  /** Where it listens. */
  readonly address: string;
  /** Further names, without ports. */
  readonly names: readonly string[];
  /** Its certificate of now, PEM, where it speaks TLS. A browser that has got as far as a request has found the name in it. */
  readonly certificate: () => string | undefined;
}

/**
 * Tells whether a request may name `authority` as its host: this machine, the address listened on, a name that was set or that the certificate
 * holds. Not bound to this machine alone, an IP address is right, too: what it leads to, no name server can change.
 */
export function hostRule({
  address,
  names,
  certificate,
}: HostNames): (authority: string | undefined) => boolean {
  const known = new Set(names.map((name) => name.toLowerCase()));
  const bound = hostOf(address.includes(":") ? `[${address}]` : address);
  let read: { readonly pem: string; readonly certificate: X509Certificate } | undefined;
  const isCertified = (host: string): boolean => {
    const pem = certificate();
    if (pem === undefined || host === "") return false;
    if (read?.pem !== pem) read = { pem, certificate: new X509Certificate(pem) };
    const bare = host.replace(/^\[(.*)\]$/, "$1");
    return (
      (isIP(bare) === 0
        ? read.certificate.checkHost(bare, { subject: "never" })
        : read.certificate.checkIP(bare)) !== undefined
    );
  };
  return (authority) => {
    const host = hostOf(authority);
    return (
      namesLoopback(authority) ||
      host === bound ||
      known.has(host) ||
      (!isLoopback(address) && isIP(host.replace(/^\[(.*)\]$/, "$1")) !== 0) ||
      isCertified(host)
    );
  };
}

/** The host of an authority in small letters, without its port; empty where there is none. */
function hostOf(authority = ""): string {
  const [, host = ""] = /^([^:]*|\[[^\]]*\])(?::\d{1,5})?$/.exec(authority) ?? [];
  return host.toLowerCase();
}
