import type { X509Certificate } from "node:crypto";
import { isRevoked } from "./revocations.ts";
import { nameOf, type ServerCertificates } from "./read-certificates.ts";

/** Extended key usage: may be shown by a client (RFC 5280, 4.2.1.12). */
const clientAuth = "1.3.6.1.5.5.7.3.2";

/**
 * Why a client certificate that an authority has issued is not to be relied on at the time `nowMs`, in words for that client; undefined when it
 * is.
 */
export function distrustOf(
  certificate: X509Certificate,
  { revocations }: Pick<ServerCertificates, "revocations">,
  nowMs: number,
): string | undefined {
  if (certificate.ca) return "a certificate of an authority is none of a client";
  // Without the extension a certificate may be used for anything. Node's types leave that case out.
  const uses: readonly string[] | undefined = certificate.keyUsage;
  if (uses !== undefined && !uses.includes(clientAuth)) {
    return "the certificate may not be used by clients (extended key usage)";
  }
  return stateOf(certificate, nowMs) ?? revocationOf(certificate, revocations);
}

/** Whether `authority`, itself valid at the time `nowMs`, has issued the certificate. */
export function hasIssued(
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
