import { KeyObject, webcrypto } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CertificatePair,
  type CertificateSubject,
  issueCertificate,
  makeAuthority,
  revokeCertificates,
} from "../../../src/security/certificates/authority.ts";
import { X509CertificateGenerator } from "../../../src/security/certificates/x509.ts";
import type { CertificateFiles } from "../../../src/security/certificates/read-certificates.ts";

/** The server of these tests, as its certificate names it. */
export const serverSubject: CertificateSubject = {
  commonName: "persys-agent",
  dnsNames: ["localhost"],
  ipAddresses: ["127.0.0.1"],
  use: "server and client",
};

/** A folder with a server's certificates, and the authority that signs them. */
export class CertificateFolder {
  readonly path: string;
  readonly files: CertificateFiles;
  authority: CertificatePair;

  private constructor(path: string, authority: CertificatePair, hasList: boolean) {
    const at = (name: string): string => join(path, name);
    this.path = path;
    this.authority = authority;
    this.files = {
      cert: at("agent.pem"),
      key: at("agent-key.pem"),
      ca: at("ca.pem"),
      crl: hasList ? at("crl.pem") : undefined,
    };
  }

  /** A folder in which all is right. With `hasList` there is an empty revocation list. */
  static async make(options: { readonly hasList?: boolean } = {}): Promise<CertificateFolder> {
    const path = await mkdtemp(join(tmpdir(), "persys-certificates-"));
    const authority = await makeAuthority("Test authority", 30);
    const folder = new CertificateFolder(path, authority, options.hasList ?? false);
    await folder.trust(authority);
    await folder.serve(await folder.issue(serverSubject));
    if (options.hasList === true) await folder.revoke([]);
    return folder;
  }

  /** A certificate signed by the authority. */
  issue(subject: CertificateSubject, days = 10): Promise<CertificatePair> {
    return issueCertificate(this.authority, subject, days);
  }

  /** Makes `authority` the only one whose clients are trusted. */
  trust(authority: CertificatePair): Promise<void> {
    return replace(this.files.ca, authority.certificate);
  }

  /** Puts the server's pair in place, as most tools do: one file after the other, each at once. */
  async serve({ certificate, key }: CertificatePair): Promise<void> {
    await replace(this.files.cert, certificate);
    await replace(this.files.key, key);
  }

  /** Makes these the revoked serial numbers. */
  async revoke(serialNumbers: readonly string[]): Promise<void> {
    const list = await revokeCertificates(this.authority, serialNumbers, 10);
    await replace(join(this.path, "crl.pem"), list);
  }

  dispose(): Promise<void> {
    return rm(this.path, { recursive: true });
  }
}

/** A pair that fits together, with a key so short that TLS refuses it. */
export async function makeWeakPair(): Promise<CertificatePair> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { name: "CN=weak", keys, signingAlgorithm: algorithm },
    webcrypto,
  );
  return {
    certificate: `${certificate.toString("pem")}\n`,
    key: KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
