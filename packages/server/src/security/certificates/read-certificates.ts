import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { TlsMaterial } from "@persys/transports";
import { readRevocations, type RevocationList } from "./revocations.ts";

/** Where a server's certificates are. Absolute paths of PEM files. */
export interface CertificateFiles {
  /** Its own certificate, then what links it to its authority. */
  readonly cert: string;
  readonly key: string;
  /** The authorities of clients. */
  readonly ca: string;
  /** Certificates those have revoked; undefined: none. */
  readonly crl: string | undefined;
}

/** The content of all the files, found to be right together. */
export interface ServerCertificates {
  readonly material: TlsMaterial;
  /** The server's own. */
  readonly own: X509Certificate;
  readonly authorities: readonly X509Certificate[];
  readonly revocations: readonly RevocationList[];
  /** When the server's own certificate ends, Unix milliseconds. */
  readonly expiresAtMs: number;
}

/** Certificates, or every reason why they cannot be used, each naming its file. */
export type ReadCertificates =
  | { readonly ok: true; readonly certificates: ServerCertificates }
  | { readonly ok: false; readonly problems: readonly string[] };

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads the files and finds out whether they can be used together at the time `nowMs`. Changes nothing. */
export async function readCertificates(
  files: CertificateFiles,
  nowMs: number,
): Promise<ReadCertificates> {
  const problems: string[] = [];
  const read = async (path: string): Promise<string> => {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      problems.push(`cannot read ${path} (${errnoOf(error)})`);
      return "";
    }
  };
  const [cert, key, ca] = await Promise.all([read(files.cert), read(files.key), read(files.ca)]);
  const list = files.crl === undefined ? "" : await read(files.crl);
  if (problems.length > 0) return { ok: false, problems };
  const collect = <T>(of: () => T, otherwise: string): T | undefined => {
    try {
      return of();
    } catch (error) {
      problems.push(`${otherwise} (${errnoOf(error)})`);
      return undefined;
    }
  };
  const chain = collect(() => certificatesIn(cert), `${files.cert} holds no certificate in PEM`);
  const privateKey = collect(() => createPrivateKey(key), `${files.key} holds no private key`);
  const authorities = collect(() => certificatesIn(ca), `${files.ca} holds no certificate in PEM`);
  const [own] = chain ?? [];
  if (own !== undefined) problems.push(...problemsOf(own, privateKey, files, nowMs));
  // One that has expired may stay beside its successor: nobody is trusted because of it.
  if (authorities?.every((it) => Date.parse(it.validTo) < nowMs) === true) {
    problems.push(`every authority in ${files.ca} has expired`);
  }
  const revocations = await revocationsIn(files.crl === undefined ? undefined : list, authorities);
  if (!revocations.ok) problems.push(`${files.crl}: ${revocations.because}`);
  if (problems.length === 0 && authorities !== undefined) {
    // Keys too short and signatures too weak are known only to what is to use them.
    collect(
      () => createSecureContext({ cert, key, ca: authorities.map((it) => it.toString()) }),
      `TLS refuses the certificate in ${files.cert}`,
    );
  }
  if (own === undefined || authorities === undefined || !revocations.ok || problems.length > 0) {
    return { ok: false, problems };
  }
  return {
    ok: true,
    certificates: {
      own,
      material: { cert, key, ca: authorities.map((it) => it.toString()) },
      authorities,
      revocations: revocations.lists,
      expiresAtMs: Date.parse(own.validTo),
    },
  };
}

/** More than its owner and, for reading, its group may do with a private key. */
const keyModeExcess = 0o037;

/** Whether others may read the private key at `path`, or any but its owner change it. False when that cannot be found out. */
export async function isKeyOpen(path: string): Promise<boolean> {
  try {
    return ((await stat(path)).mode & keyModeExcess) !== 0;
  } catch {
    return false; // It was read a moment ago: whoever reads it next says what is wrong.
  }
}

/** What a person knows a certificate by. */
export function nameOf(certificate: X509Certificate): string {
  return certificate.subject.replaceAll("\n", ", ");
}

/** @throws when there is none, or one cannot be read. */
function certificatesIn(pem: string): readonly X509Certificate[] {
  const found = Array.from(pem.matchAll(pemBlock), ([block]) => new X509Certificate(block));
  if (found.length === 0) throw new Error("no certificate");
  return found;
}

async function revocationsIn(
  list: string | undefined,
  authorities: readonly X509Certificate[] | undefined,
): ReturnType<typeof readRevocations> {
  if (list === undefined || authorities === undefined) return { ok: true, lists: [] };
  return readRevocations(list, authorities);
}

function problemsOf(
  own: X509Certificate,
  key: KeyObject | undefined,
  files: CertificateFiles,
  nowMs: number,
): readonly string[] {
  const problems: string[] = [];
  if (key !== undefined && !own.checkPrivateKey(key)) {
    problems.push(`the key in ${files.key} is not that of the certificate in ${files.cert}`);
  }
  if (Date.parse(own.validTo) < nowMs) {
    problems.push(`the certificate in ${files.cert} expired on ${own.validTo}`);
  }
  if (Date.parse(own.validFrom) > nowMs) {
    problems.push(`the certificate in ${files.cert} is not valid before ${own.validFrom}`);
  }
  return problems;
}

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "not understood";
}
