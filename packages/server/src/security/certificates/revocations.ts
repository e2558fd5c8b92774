import { webcrypto, type X509Certificate } from "node:crypto";

/** What one authority has revoked. */
export interface RevocationList {
  /** The authority whose list it is; it has signed it. */
  readonly issuer: X509Certificate;
  /** In hexadecimal, capital letters, as Node writes them. */
  readonly serialNumbers: ReadonlySet<string>;
}

/** The name of RFC 7468, and the one that some write. */
const listBlock = /-----BEGIN (?:X509 )?CRL-----([^-]+)-----END (?:X509 )?CRL-----/g;

/** The lists in a PEM text, each signed by one of the authorities; or why they cannot be used. An old list still holds: it is better than none. */
export async function readRevocations(
  pem: string,
  authorities: readonly X509Certificate[],
): Promise<
  | { readonly ok: true; readonly lists: readonly RevocationList[] }
  | { readonly ok: false; readonly because: string }
> {
  const blocks = Array.from(pem.matchAll(listBlock), ([, base64 = ""]) =>
    Buffer.from(base64, "base64"),
  );
  if (blocks.length === 0) return { ok: false, because: "it holds no revocation list in PEM" };
  // Takes a while to load, and only those who revoke need it.
  const { X509Certificate: Certificate, X509Crl } = await import("./x509.ts");
  const lists: RevocationList[] = [];
  for (const block of blocks) {
    try {
      const list = new X509Crl(block);
      const issuer = await findIssuer(authorities, async (it) => {
        const publicKey = new Certificate(it.raw).publicKey;
        return list.verify({ publicKey }, webcrypto);
      });
      if (issuer === undefined) {
        return {
          ok: false,
          because: `none of the authorities has signed the list of ${list.issuer}`,
        };
      }
      const numbers = list.entries.map(({ serialNumber }) => plainHex(serialNumber));
      lists.push({ issuer, serialNumbers: new Set(numbers) });
    } catch {
      return { ok: false, because: "it holds a revocation list that cannot be read" };
    }
  }
  return { ok: true, lists };
}

/** Whether its issuer has revoked it. */
export function isRevoked(certificate: X509Certificate, lists: readonly RevocationList[]): boolean {
  const number = plainHex(certificate.serialNumber);
  return lists.some(
    ({ issuer, serialNumbers }) =>
      serialNumbers.has(number) &&
      certificate.checkIssued(issuer) &&
      certificate.verify(issuer.publicKey),
  );
}

async function findIssuer(
  authorities: readonly X509Certificate[],
  hasSigned: (authority: X509Certificate) => Promise<boolean>,
): Promise<X509Certificate | undefined> {
  for (const authority of authorities) if (await hasSigned(authority)) return authority;
  return undefined;
}

/** One spelling of a number in hexadecimal: capital letters, no zeros in front. */
function plainHex(hex: string): string {
  return hex.toUpperCase().replace(/^0+(?=.)/, "");
}
