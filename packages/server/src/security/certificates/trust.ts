import type { X509Certificate } from "node:crypto";
import { isRevoked } from "./revocations.ts";
import { nameOf, type ServerCertificates } from "./read-certificates.ts";

/** Extended key usage: may be shown by a client (RFC 5280, 4.2.1.12). */
const clientAuth = "1.3.6.1.5.5.7.3.2";

/**
 * Why the holder of a client certificate is not to be trusted at the time `nowMs`, in words for that client; undefined when it is. `chain` has its
 * certificate first and then what it sent besides.
 */
export function distrustOf(
  chain: readonly X509Certificate[],
  { authorities, revocations }: Pick<ServerCertificates, "authorities" | "revocations">,
  nowMs: number,
): string | undefined {
  const [leaf] = chain;
  if (leaf === undefined) return "no client certificate was shown";
  if (leaf.ca) return "a certificate of an authority is none of a client";
  // Without the extension a certificate may be used for anything. Node's types leave that case out.
  const uses: readonly string[] | undefined = leaf.keyUsage;
  if (uses !== undefined && !uses.includes(clientAuth)) {
    return "the certificate may not be used by clients (extended key usage)";
  }
  let certificate = leaf;
  for (const sent of [...chain.slice(1), undefined]) {
    const because = stateOf(certificate, nowMs) ?? revocationOf(certificate, revocations);
    if (because !== undefined) return because;
    if (authorities.some((authority) => hasIssued(authority, certificate, nowMs))) return undefined;
    if (sent === undefined || !sent.ca || !hasIssued(sent, certificate, nowMs)) break;
    certificate = sent;
  }
  return `the certificate of ${nameOf(leaf)} was issued by no authority that is trusted here`;
}

function stateOf(certificate: X509Certificate, nowMs: number): string | undefined {
  const { validFrom, validTo } = certificate;
  if (Date.parse(validTo) < nowMs) {
    return `the certificate of ${nameOf(certificate)} expired on ${validTo}`;
  }
  return Date.parse(validFrom) > nowMs
    ? `the certificate of ${nameOf(certificate)} is not valid before ${validFrom}`
    : undefined;
}

function revocationOf(
  certificate: X509Certificate,
  revocations: ServerCertificates["revocations"],
): string | undefined {
  return isRevoked(certificate, revocations)
    ? `the certificate of ${nameOf(certificate)} has been revoked`
    : undefined;
}

function hasIssued(
  authority: X509Certificate,
  certificate: X509Certificate,
  nowMs: number,
): boolean {
  return (
    stateOf(authority, nowMs) === undefined &&
    certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey)
  );
}
