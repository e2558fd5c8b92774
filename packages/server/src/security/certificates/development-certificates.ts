import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { exitCodes } from "../../exit-codes.ts";
import { StartFailure } from "../../start-failure.ts";
import { replacePrivateFile } from "../../dev-profile/private-file.ts";
import {
  type CertificatePair,
  type CertificateSubject,
  issueCertificate,
  makeAuthority,
} from "./authority.ts";

/** What development certificates are made for. */
export interface DevelopmentCertificatesOptions {
  /** Where they are kept: `NAME.pem` and `NAME-key.pem`, and the access file. */
  readonly folder: string;
  /** Names and addresses of the agent besides localhost and this machine's host name. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** What there is now, absolute or from the working directory as `folder` was. */
export interface DevelopmentCertificates {
  readonly accessFile: string;
  /** Names of the certificates that were made now; the others were there and are good for a while. */
  readonly made: readonly string[];
}

/** Short enough that nobody comes to rely on them, long enough for a project. In days. */
const validDays = 90;
/** What ends sooner than this is made anew. In milliseconds. */
const renewBeforeMs = 7 * 86_400_000;

const accessFileText = `# Who may do what on this agent: rules are tried in order, the first that fits counts.
rules:
  - who: [spiffe://persys.local/scheduler]
    role: admin
  - who: [spiffe://persys.local/operator]
    role: operator
  - who: [spiffe://persys.local/viewer]
    role: viewer
# The file ends here: without this line it would not be taken for whole.
...
`;

/**
 * Makes what is missing: an authority, and certificates of the agent, a scheduler (admin), an operator and a viewer, with an access file that
 * gives them these roles. What is there, valid and signed by the authority stays; may be repeated.
 */
export async function makeDevelopmentCertificates(
  options: DevelopmentCertificatesOptions,
): Promise<DevelopmentCertificates> {
  const { folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(folder);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new StartFailure(
      exitCodes.configuration,
      `certificates are not made in ${folder}: others than this user may write there, and could put an authority of their own; choose another folder, or run: chmod go-w ${folder}`,
    );
  }
  const made: string[] = [];
  const known = await readPair(folder, "ca");
  const isKept = known !== undefined && isGood(known);
  const authority = isKept ? known : await makeAuthority("Persys development", 5 * validDays);
  if (!isKept) {
    writePair(folder, "ca", authority);
    made.push("ca");
  }
  for (const [name, subject] of Object.entries(subjectsOf(options))) {
    const there = await readPair(folder, name);
    if (there !== undefined && isGood(there, authority) && covers(there, subject)) continue;
    writePair(folder, name, await issueCertificate(authority, subject, validDays));
    made.push(name);
  }
  const accessFile = `${folder}/access.yaml`;
  if ((await readText(accessFile)) === undefined) replacePrivateFile(accessFile, accessFileText);
  return { accessFile, made };
}

function subjectsOf({
  dnsNames = [],
  ipAddresses = [],
}: DevelopmentCertificatesOptions): Readonly<Record<string, CertificateSubject>> {
  const client = (name: string): CertificateSubject => ({
    commonName: `persys-${name}`,
    uris: [`spiffe://persys.local/${name}`],
    use: "client",
  });
  return {
    agent: {
      commonName: "persys-agent",
      uris: ["spiffe://persys.local/agent"],
      dnsNames: [...new Set(["localhost", hostname(), ...dnsNames])],
      ipAddresses: [...new Set(["127.0.0.1", "::1", ...ipAddresses])],
      use: "server and client",
    },
    scheduler: client("scheduler"),
    operator: client("operator"),
    viewer: client("viewer"),
  };
}

function isGood({ certificate, key }: CertificatePair, authority?: CertificatePair): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    const issuer = authority === undefined ? parsed : new X509Certificate(authority.certificate);
    return (
      Date.parse(parsed.validTo) - Date.now() > renewBeforeMs &&
      parsed.checkPrivateKey(createPrivateKey(key)) &&
      parsed.verify(issuer.publicKey)
    );
  } catch {
    // Whatever it is, it is none of ours any more.
    return false;
  }
}

function covers({ certificate }: CertificatePair, subject: CertificateSubject): boolean {
  const parsed = new X509Certificate(certificate);
  const { dnsNames = [], ipAddresses = [] } = subject;
  return (
    dnsNames.every((name) => parsed.checkHost(name) !== undefined) &&
    ipAddresses.every((address) => parsed.checkIP(address) !== undefined)
  );
}

async function readPair(folder: string, name: string): Promise<CertificatePair | undefined> {
  const certificate = await readText(`${folder}/${name}.pem`);
  const key = await readText(`${folder}/${name}-key.pem`);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

function writePair(folder: string, name: string, { certificate, key }: CertificatePair): void {
  replacePrivateFile(`${folder}/${name}-key.pem`, key);
  replacePrivateFile(`${folder}/${name}.pem`, certificate);
}

/** The text of a file; undefined when there is none. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
