import { X509Certificate } from "node:crypto";
import { chmod, rm, writeFile } from "node:fs/promises";
import { SystemClock } from "@persys/adapters/system";
import type { Clock, Logger } from "@persys/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type CertificatePair,
  issueCertificate,
  makeAuthority,
} from "../../../src/security/certificates/authority.ts";
import { WatchedCertificates } from "../../../src/security/certificates/watched-certificates.ts";
import { CertificateFolder, makeWeakPair, serverSubject } from "./certificate-folder.ts";

const client = { commonName: "persys-scheduler", use: "client" } as const;
const dayMs = 86_400_000;

let folder: CertificateFolder;
let opened: WatchedCertificates[];
let lines: string[];

const logger: Logger = {
  debug: () => {},
  info: (message, fields) => void lines.push(`info ${message} ${JSON.stringify(fields)}`),
  warn: (message, fields) => void lines.push(`warn ${message} ${JSON.stringify(fields)}`),
  error: (message, fields) => void lines.push(`error ${message} ${JSON.stringify(fields)}`),
};

beforeEach(async () => {
  folder = await CertificateFolder.make({ hasList: true });
  opened = [];
  lines = [];
});

afterEach(async () => {
  for (const one of opened) one.close();
  await folder.dispose();
});

function clockAhead(days: number): Pick<Clock, "wallMs" | "schedule"> {
  const clock = new SystemClock();
  return {
    wallMs: () => clock.wallMs() + days * dayMs,
    schedule: (delayMs, wake) => clock.schedule(delayMs, wake),
  };
}

/** Opens the folder at a time so many days from now. */
async function open(inDays = 0): Promise<WatchedCertificates> {
  const read = await WatchedCertificates.open({
    files: folder.files,
    clock: clockAhead(inDays),
    logger,
  });
  if (!read.ok) throw new Error(read.problems.join("\n"));
  opened.push(read.certificates);
  return read.certificates;
}

async function problemsOf(inDays = 0): Promise<readonly string[]> {
  const read = await WatchedCertificates.open({
    files: folder.files,
    clock: clockAhead(inDays),
    logger,
  });
  if (read.ok) opened.push(read.certificates);
  return read.ok ? [] : read.problems;
}

const shown = ({ certificate }: CertificatePair): X509Certificate =>
  new X509Certificate(certificate);

describe("the certificates of a server", () => {
  it("are used when they fit together", async () => {
    const certificates = await open();

    expect(certificates.current.cert).toContain("BEGIN CERTIFICATE");
    expect(certificates.current.ca).toHaveLength(1);
    expect(certificates.expiresAtMs).toBeGreaterThan(Date.now() + 9 * dayMs);
  });

  it("are refused with every reason", async () => {
    const other = await folder.issue(serverSubject);
    await writeFile(folder.files.key, other.key);
    await writeFile(folder.files.ca, "nothing of the kind");

    expect(await problemsOf()).toEqual([
      expect.stringContaining(`${folder.files.ca} holds no certificate in PEM`),
      expect.stringContaining(`the key in ${folder.files.key} is not that of the certificate`),
    ]);
  });

  it("are refused when they have expired, and when a file is missing", async () => {
    expect(await problemsOf(11)).toEqual([expect.stringContaining("expired on")]);
    await rm(folder.files.key);
    expect(await problemsOf()).toEqual([`cannot read ${folder.files.key} (ENOENT)`]);
  });

  it("are refused when their revocation list is signed by somebody else", async () => {
    const ours = folder.authority;
    folder.authority = await makeAuthority("Somebody else", 10);
    await folder.revoke(["01"]);
    folder.authority = ours;

    expect(await problemsOf()).toEqual([expect.stringContaining("none of the authorities")]);
  });

  it("come with a warning when others may read the key", async () => {
    await chmod(folder.files.key, 0o640);
    await open();
    expect(lines).toEqual([]);

    await chmod(folder.files.key, 0o644);
    await open();
    expect(lines).toEqual([
      `warn the server's private key is open to others; run: chmod 600 {"key":"${folder.files.key}"}`,
    ]);
  });

  it("say what they are", async () => {
    const { facts } = await open();

    expect(facts).toMatchObject({
      certificate: "CN=persys-agent",
      names: "DNS:localhost, IP Address:127.0.0.1",
      authorities: ["CN=Test authority"],
    });
  });

  it("are taken up when they change, after what does not fit has been passed over", async () => {
    const certificates = await open();
    const first = certificates.current;
    const next = await folder.issue(serverSubject);
    let changes = 0;
    certificates.onChange(() => (changes += 1));

    await writeFile(folder.files.cert, next.certificate);
    await certificates.reread();
    await certificates.reread();
    expect(certificates.current).toBe(first);
    expect(lines.filter((line) => line.startsWith("error"))).toEqual([
      expect.stringContaining("is not that of the certificate"),
    ]);

    await writeFile(folder.files.key, next.key);
    await certificates.reread();
    expect(certificates.current).toMatchObject({ cert: next.certificate, key: next.key });
    expect(changes).toBe(1);
  });

  it("that TLS itself refuses leave the last good ones in use, and good ones are taken up after", async () => {
    const certificates = await open();
    const first = certificates.current;
    await folder.serve(await makeWeakPair());
    await certificates.reread();
    expect(certificates.current).toBe(first);
    expect(lines.join()).toContain("TLS refuses the certificate");

    const next = await folder.issue(serverSubject);
    await folder.serve(next);
    await certificates.reread();
    expect(certificates.current.cert).toBe(next.certificate);
  });

  it("are taken up by themselves", async () => {
    const certificates = await open();
    const changed = new Promise<void>((resolve) => {
      certificates.onChange(resolve);
    });
    const next = await folder.issue(serverSubject);

    await folder.serve(next);
    await changed;

    expect(certificates.current.cert).toBe(next.certificate);
  });

  it("are warned of when they end soon, once a day", async () => {
    const certificates = await open(4);
    await certificates.reread();

    expect(lines.filter((line) => line.includes("ends soon"))).toHaveLength(1);
  });
});

describe("a client's certificate", () => {
  it("is relied on when a trusted authority has issued it", async () => {
    const certificates = await open();
    const certificate = shown(await folder.issue(client));

    expect(certificates.distrust(certificate)).toBeUndefined();
    expect(certificates.hasIssued(certificate)).toBe(true);
  });

  it.each<[string, () => Promise<CertificatePair>]>([
    ["another authority", async () => issueCertificate(await makeAuthority("Else", 5), client, 5)],
    [
      "another authority of the same name",
      async () => issueCertificate(await makeAuthority("Test authority", 5), client, 5),
    ],
    ["itself", () => makeAuthority("persys-scheduler", 5)],
    [
      "a client that signs for others",
      async () => issueCertificate(await folder.issue(client), client, 5),
    ],
  ])("is not issued here by %s", async (_, make) => {
    const certificates = await open();

    expect(certificates.hasIssued(shown(await make()))).toBe(false);
  });

  it.each<[string, (home: CertificateFolder) => Promise<CertificatePair>]>([
    ["of an authority is none of a client", async (home) => home.authority],
    ["expired", (home) => home.issue(client, -1)],
    ["may not be used by clients", (home) => home.issue({ ...client, use: "server" })],
  ])("is not relied on: %s", async (because, make) => {
    const certificates = await open();

    expect(certificates.distrust(shown(await make(folder)))).toContain(because);
  });

  it("is not relied on any more once it is revoked, and the others still are", async () => {
    const certificates = await open();
    const lost = shown(await folder.issue(client));
    const kept = shown(await folder.issue(client));
    expect(certificates.distrust(lost)).toBeUndefined();

    await folder.revoke([lost.serialNumber]);
    await certificates.reread();

    expect(certificates.distrust(lost)).toContain("has been revoked");
    expect(certificates.distrust(kept)).toBeUndefined();
  });
});
