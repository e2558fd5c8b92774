import { createPrivateKey, KeyObject, randomBytes, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "./x509.ts";

/** A certificate and its private key, both PEM. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/** Whom a certificate is for. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizationalUnit?: string;
  /** Such as one SPIFFE id: `spiffe://persys.local/scheduler`. */
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** What it may be used for. An agent serves, and calls its scheduler. An `authority` signs for clients and servers in its turn. */
  readonly use: "client" | "server" | "server and client" | "authority";
}

const dayMs = 86_400_000;
/** Clocks that are behind by so much accept a new certificate, too. */
const clockSkewMs = 300_000;

/** ECDSA on P-256: every TLS library speaks it, and the handshake is cheap. */
const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A new authority of its own, valid for so many days. */
export async function makeAuthority(name: string, days: number): Promise<CertificatePair> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      ...validity(days),
      serialNumber: newSerial(),
      name: [{ CN: [name] }],
      keys,
      signingAlgorithm: keyAlgorithm,
      extensions: [new BasicConstraintsExtension(true, 1, true), mayOnlySign()],
    },
    webcrypto,
  );
  return pairOf(certificate, keys.privateKey);
}

/** A certificate for `subject`, signed by the authority, valid for so many days. */
export async function issueCertificate(
  authority: CertificatePair,
  subject: CertificateSubject,
  days: number,
): Promise<CertificatePair> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const { commonName, organizationalUnit } = subject;
  const unit = organizationalUnit === undefined ? [] : [{ OU: [organizationalUnit] }];
  const certificate = await X509CertificateGenerator.create(
    {
      ...validity(days),
      serialNumber: newSerial(),
      subject: [...unit, { CN: [commonName] }],
      issuer: new X509Certificate(authority.certificate).subjectName,
      publicKey: keys.publicKey,
      signingKey: await signingKeyOf(authority),
      signingAlgorithm: keyAlgorithm,
      extensions: extensionsOf(subject),
    },
    webcrypto,
  );
  return pairOf(certificate, keys.privateKey);
}

/** A list, PEM, of the certificates that the authority revokes, by their serial numbers in hexadecimal. Valid for so many days. */
export async function revokeCertificates(
  authority: CertificatePair,
  serialNumbers: readonly string[],
  days: number,
): Promise<string> {
  const now = Date.now();
  const list = await X509CrlGenerator.create(
    {
      issuer: new X509Certificate(authority.certificate).subjectName,
      thisUpdate: new Date(now - clockSkewMs),
      nextUpdate: new Date(now + days * dayMs),
      entries: serialNumbers.map((serialNumber) => ({
        serialNumber,
        revocationDate: new Date(now),
      })),
      signingKey: await signingKeyOf(authority),
      signingAlgorithm: keyAlgorithm,
    },
    webcrypto,
  );
  return `${PemConverter.encode(list.rawData, "X509 CRL")}\n`;
}

function extensionsOf({
  uris = [],
  dnsNames = [],
  ipAddresses = [],
  use,
}: CertificateSubject): Extension[] {
  const names = [
    ...uris.map((value) => ({ type: "url" as const, value })),
    ...dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...ipAddresses.map((value) => ({ type: "ip" as const, value })),
  ];
  const alternative = names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)];
  if (use === "authority") {
    return [new BasicConstraintsExtension(true, 0, true), mayOnlySign(), ...alternative];
  }
  const uses = [
    ...(use === "client" ? [] : [ExtendedKeyUsage.serverAuth]),
    ...(use === "server" ? [] : [ExtendedKeyUsage.clientAuth]),
  ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(uses),
    ...alternative,
  ];
}

function mayOnlySign(): Extension {
  return new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true);
}

function validity(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - clockSkewMs), notAfter: new Date(now + days * dayMs) };
}

/** 127 bits, positive: RFC 5280 allows 20 octets and asks for no pattern. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString("hex");
}

function signingKeyOf({ key }: CertificatePair): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, keyAlgorithm, false, ["sign"]);
}

function pairOf(certificate: X509Certificate, key: webcrypto.CryptoKey): CertificatePair {
  return {
    certificate: `${certificate.toString("pem")}\n`,
    key: KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
