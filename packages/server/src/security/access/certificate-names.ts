import type { X509Certificate as NodeCertificate } from "node:crypto";
import { SubjectAlternativeNameExtension, X509Certificate } from "../certificates/x509.ts";

/**
 * The names in a client's certificate, in the forms rules are written in, the one that best tells who it is first: `spiffe://…`, `cn:…`, `dns:…`, `ou:…`.
 * Empty when it says nothing that could be relied on.
 */
export function certificateNames(certificate: NodeCertificate): readonly string[] {
  const parsed = new X509Certificate(certificate.raw);
  const alternative = parsed.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const uris = alternative.filter(({ type }) => type === "url").map(({ value }) => value);
  const dns = alternative.filter(({ type }) => type === "dns").map(({ value }) => value);
  const others = [
    ...parsed.subjectName.getField("CN").map((name) => `cn:${name}`),
    ...dns.map((name) => `dns:${name.toLowerCase()}`),
    ...parsed.subjectName.getField("OU").map((unit) => `ou:${unit}`),
  ];
  if (!uris.some(isOfSpiffe)) return others;
  // X509-SVID, section 2: exactly one URI, a SPIFFE id. Whoever says he is two is nobody.
  const [id, ...more] = uris;
  return id !== undefined && more.length === 0 && isSpiffeId(id) ? [id, ...others] : [];
}

function isOfSpiffe(uri: string): boolean {
  return uri.toLowerCase().startsWith("spiffe:");
}

/** SPIFFE-ID, section 2: a trust domain in small letters and a path without empty or dotted segments. */
const spiffeId = /^spiffe:\/\/[a-z0-9._-]{1,255}((?:\/[A-Za-z0-9._-]+)+)$/;
/** SPIFFE-ID, section 2.3. */
const spiffeIdMaxBytes = 2_048;

function isSpiffeId(uri: string): boolean {
  const path = spiffeId.exec(uri)?.[1];
  if (path === undefined || uri.length > spiffeIdMaxBytes) return false;
  return !path.split("/").some((segment) => segment === "." || segment === "..");
}
