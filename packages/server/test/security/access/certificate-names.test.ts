import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type CertificatePair,
  type CertificateSubject,
  issueCertificate,
  makeAuthority,
} from "../../../src/security/certificates/authority.ts";
import { certificateNames } from "../../../src/security/access/certificate-names.ts";

let authority: CertificatePair;

beforeAll(async () => {
  authority = await makeAuthority("Test authority", 5);
});

async function namesOf(subject: Partial<CertificateSubject>): Promise<readonly string[]> {
  const { certificate } = await issueCertificate(
    authority,
    { commonName: "persys-scheduler", use: "client", ...subject },
    5,
  );
  return certificateNames(new X509Certificate(certificate));
}

describe("the names in a certificate", () => {
  it("are its SPIFFE id first, then what else it says", async () => {
    const names = await namesOf({
      uris: ["spiffe://persys.local/scheduler"],
      dnsNames: ["Scheduler.Persys.Local"],
      organizationalUnit: "control-plane",
    });

    expect(names).toEqual([
      "spiffe://persys.local/scheduler",
      "cn:persys-scheduler",
      "dns:scheduler.persys.local",
      "ou:control-plane",
    ]);
  });

  it("are as they are written, however they look", async () => {
    const commonName = "a, OU=admins/CN=root\nDNS:evil";

    expect(await namesOf({ commonName })).toEqual([`cn:${commonName}`]);
  });

  it.each([
    [["spiffe://persys.local/a", "spiffe://persys.local/b"]],
    [["https://persys.local/", "spiffe://persys.local/a"]],
    [["spiffe://persys.local"]],
    [["spiffe://persys.local/"]],
    [["spiffe://persys.local/a//b"]],
    [["spiffe://persys.local/a/../b"]],
    [["spiffe://Persys.Local/a"]],
    [["spiffe://persys.local/a?b=c"]],
    [["SPIFFE://persys.local/a"]],
  ])("are none where the SPIFFE id is not one: %j", async (uris) => {
    expect(await namesOf({ uris })).toEqual([]);
  });

  it("do without a SPIFFE id", async () => {
    expect(await namesOf({ uris: ["https://persys.local/a"] })).toEqual(["cn:persys-scheduler"]);
  });
});
