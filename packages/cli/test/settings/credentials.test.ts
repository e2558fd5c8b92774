import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readAuthorities, readClientCertificate } from "../../src/settings/credentials.ts";
import { type Certificates, makeCertificates } from "../certificates.ts";
import { tempFolder } from "../temp-folder.ts";

const flag = (file: string): string => `--${file}`;

let certs: Certificates;

beforeAll(async () => {
  certs = await makeCertificates();
}, 30_000);

async function fileWith(text: string): Promise<string> {
  const path = join(await tempFolder(), "file.pem");
  await writeFile(path, text);
  return path;
}

describe("readClientCertificate", () => {
  it("reads a certificate and its key", async () => {
    const [cert, key] = [certs.path("viewer.pem"), certs.path("viewer-key.pem")];

    expect(await readClientCertificate({ cert, key }, flag)).toEqual({
      file: cert,
      cert: certs.pem("viewer.pem"),
      key: certs.pem("viewer-key.pem"),
    });
    expect(await readClientCertificate({ token: "t" }, flag)).toBeUndefined();
  });

  it("refuses files that do not belong together, and what is no certificate or key", async () => {
    const path = (name: string): string => certs.path(`${name}.pem`);
    const refuses = async (cert: string, key: string, words: string): Promise<void> =>
      expect(readClientCertificate({ cert, key }, flag)).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringContaining(words) as string,
      });
    const locked = await fileWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
    const broken = await fileWith("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----");

    await refuses(path("viewer"), path("operator-key"), "is not that of the certificate in");
    await refuses(
      path("nothing"),
      path("viewer-key"),
      "--cert: cannot read the certificate: ENOENT",
    );
    await refuses(path("viewer"), path("nothing"), "--key: cannot read the key: ENOENT");
    await refuses(path("viewer-key"), path("viewer-key"), "holds no certificate in PEM");
    await refuses(broken, path("viewer-key"), "holds a certificate that cannot be read");
    await refuses(path("viewer"), path("viewer"), "holds no private key in PEM");
    await refuses(path("viewer"), locked, "has a password");
  });

  it("refuses one of the two without the other", async () => {
    const named = { cert: certs.path("viewer.pem") };

    await expect(readClientCertificate(named, flag)).rejects.toThrow(
      "--cert and --key go together: name both files",
    );
    await expect(readClientCertificate(named, () => 'context "lab"')).rejects.toThrow(
      'context "lab": a certificate and its key go together',
    );
  });
});

describe("readAuthorities", () => {
  it("reads a file of authorities, and refuses one without any", async () => {
    const ca = certs.path("ca.pem");

    expect(await readAuthorities({ ca }, flag)).toEqual({ file: ca, pem: certs.pem("ca.pem") });
    expect(await readAuthorities({}, flag)).toBeUndefined();
    const empty = await fileWith("");
    await expect(readAuthorities({ ca: empty }, flag)).rejects.toThrow(
      `--ca: ${empty} holds no certificate in PEM`,
    );
  });
});
