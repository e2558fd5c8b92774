import { createHash, X509Certificate } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Authentication, Peer } from "@persys/transports";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AccessPolicy, readPolicy } from "../../../src/security/access/access-policy.ts";
import { authenticateCallers } from "../../../src/security/access/authenticate-callers.ts";
import { FileJwtVerifier } from "../../../src/security/access/jwt-verifier.ts";
import {
  type CertificateSubject,
  issueCertificate,
  makeAuthority,
} from "../../../src/security/certificates/authority.ts";

const issuer = "https://login.example";

let folder: string;
let policy: AccessPolicy;
let signingKey: CryptoKey;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "persys-access-"));
  signingKey = await publishKey();
  const read = readPolicy(`
rules:
  - who: [scheduler, "token:ci", "sub:alice"]
    role: admin
  - who: ["group:staff"]
    role: viewer
tokens: [{ name: ci, sha256: ${createHash("sha256").update("ci-token").digest("hex")} }]
jwt: [{ issuer: "${issuer}", audience: persys, jwksFile: ${join(folder, "jwks.json")} }]
...
`);
  if (!read.ok) throw new Error(read.problems.join("\n"));
  ({ policy } = read);
});

afterEach(() => rm(folder, { recursive: true }));

/** Makes a key the issuer's only one. */
async function publishKey(): Promise<CryptoKey> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = [{ ...(await exportJWK(publicKey)), kid: "1", alg: "ES256" }];
  await writeFile(join(folder, "jwks.json"), JSON.stringify({ keys }));
  return privateKey;
}

async function peerWith(subject: Partial<CertificateSubject> = {}): Promise<Peer> {
  const authority = await makeAuthority("Test authority", 5);
  const full = { commonName: "scheduler", use: "client", ...subject } as const;
  const { certificate } = await issueCertificate(authority, full, 5);
  const parsed = new X509Certificate(certificate);
  return { address: "127.0.0.1", encrypted: true, certificate: parsed, authorized: true };
}

const nobody: Peer = {
  address: "127.0.0.1",
  encrypted: true,
  certificate: undefined,
  authorized: false,
};

async function authenticate(
  { peer = nobody, authorization }: { readonly peer?: Peer; readonly authorization?: string },
  distrust: (() => string | undefined) | undefined = () => undefined,
): Promise<Authentication> {
  const known = authenticateCallers({
    policy: () => policy,
    jwt: new FileJwtVerifier(),
    ...(distrust === undefined ? {} : { distrust }),
  });
  const headers = new Headers(authorization === undefined ? {} : { authorization });
  return known({ headers, peer });
}

/** A web token, right but for `changes`. */
async function webToken(
  changes: Readonly<Record<string, unknown>> = {},
  key = signingKey,
  alg = "ES256",
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: "persys", sub: "alice", iat: now, exp: now + 60, ...changes };
  return `Bearer ${await new SignJWT(claims).setProtectedHeader({ alg, kid: "1" }).sign(key)}`;
}

describe("a caller", () => {
  it("is known by a certificate that a rule names", async () => {
    expect(await authenticate({ peer: await peerWith() })).toEqual({
      kind: "known",
      principal: { identity: "scheduler", role: "admin" },
    });
  });

  it("is a stranger by one that no rule names, whatever unit it claims", async () => {
    const peer = await peerWith({ commonName: "node-7", organizationalUnit: "admin" });

    expect(await authenticate({ peer })).toEqual({
      kind: "stranger",
      identity: "node-7",
      names: ["cn:node-7", "ou:admin"],
    });
  });

  it("is nobody by one that is not trusted, or was not verified", async () => {
    const peer = await peerWith();

    expect(await authenticate({ peer }, () => "it is revoked")).toEqual({
      kind: "unknown",
      because: "it is revoked",
    });
    expect(await authenticate({ peer: { ...peer, authorized: false } })).toMatchObject({
      kind: "unknown",
    });
  });

  it("is nobody with neither certificate nor token", async () => {
    expect(await authenticate({})).toMatchObject({
      because: expect.stringContaining("show a client certificate, or send a token") as string,
    });
  });

  it("is known by a token whose digest is listed", async () => {
    expect(await authenticate({ authorization: "Bearer ci-token" })).toEqual({
      kind: "known",
      principal: { identity: "token:ci", role: "admin" },
    });
  });

  it.each([
    "token",
    "token:ci",
    "agent:host-policy",
    "sub:alice",
    "spiffe://persys.local/scheduler",
    "group:staff",
  ])("is not taken for another by the common name %s of its certificate", async (commonName) => {
    const peer = await peerWith({ commonName });

    expect(await authenticate({ peer })).toMatchObject({
      kind: "stranger",
      identity: `cn:${commonName}`,
    });
  });

  it.each(["Bearer ci-tokem", "Bearer", "Basic ci-token", "", "Bearer a.b.c"])(
    "is nobody by %j, though its certificate is good",
    async (authorization) => {
      const peer = await peerWith();

      expect(await authenticate({ peer, authorization })).toMatchObject({ kind: "unknown" });
    },
  );
});

describe("a web token", () => {
  it("names its subject and groups", async () => {
    expect(await authenticate({ authorization: await webToken() })).toMatchObject({
      principal: { identity: "sub:alice", role: "admin" },
    });
    const ofGroup = await webToken({ sub: "bob", groups: ["staff"] });
    expect(await authenticate({ authorization: ofGroup })).toMatchObject({
      principal: { identity: "sub:bob", role: "viewer" },
    });
  });

  it("speaks for subjects and groups of its own issuer alone", async () => {
    const jwksFile = join(folder, "jwks.json");
    const otherKey = signingKey;
    const other = { name: "partner", issuer: "https://partner.example", jwksFile: `${jwksFile}.2` };
    await rename(jwksFile, other.jwksFile);
    signingKey = await publishKey();
    const shared = { audience: "persys", groupsClaim: "groups" };
    policy = {
      rules: [
        { who: ["sub:corp/alice"], role: "admin" },
        { who: ["group:corp/staff"], role: "operator" },
        { who: ["group:partner/staff"], role: "viewer" },
      ],
      tokens: [],
      jwt: [
        { name: "corp", issuer, jwksFile, ...shared },
        { ...other, ...shared },
      ],
    };

    expect(await authenticate({ authorization: await webToken() })).toMatchObject({
      principal: { identity: "sub:corp/alice", role: "admin" },
    });
    const claims = { iss: other.issuer, groups: ["staff"] };
    const partners = await webToken(claims, otherKey);
    expect(await authenticate({ authorization: partners })).toMatchObject({
      principal: { identity: "sub:partner/alice", role: "viewer" },
    });
    const inDisguise = await webToken({ iss: other.issuer, sub: "corp/alice" }, otherKey);
    expect(await authenticate({ authorization: inDisguise })).toMatchObject({
      kind: "stranger",
      identity: "sub:partner/corp/alice",
    });
    const forged = await webToken({}, otherKey);
    expect(await authenticate({ authorization: forged })).toMatchObject({ kind: "unknown" });
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["of another issuer", { iss: "https://evil.example" }],
    ["for somebody else", { aud: "other" }],
    ["that has expired", { exp: 1_000_000_000 }],
    ["that never expires", { exp: undefined }],
    ["that is not valid yet", { nbf: 4_000_000_000 }],
    ["without a subject", { sub: undefined }],
  ])("%s is not believed", async (_, changes) => {
    expect(await authenticate({ authorization: await webToken(changes) })).toMatchObject({
      kind: "unknown",
    });
  });

  it("is not believed when somebody else has signed it, or nobody", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    const [header = "", payload = ""] = (await webToken()).replace("Bearer ", "").split(".");
    const unsigned = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");

    for (const authorization of [
      await webToken({}, privateKey),
      `Bearer ${unsigned}.${payload}.`,
      `Bearer ${header}.${payload}.${"A".repeat(86)}`,
    ]) {
      expect(await authenticate({ authorization })).toMatchObject({ kind: "unknown" });
    }
  });

  it("is judged by the keys as they are now", async () => {
    const before = await webToken();
    signingKey = await publishKey();

    expect(await authenticate({ authorization: before })).toMatchObject({ kind: "unknown" });
    expect(await authenticate({ authorization: await webToken() })).toMatchObject({
      kind: "known",
    });
  });

  it("is nobody's while the keys cannot be read", async () => {
    const authorization = await webToken();
    await rm(join(folder, "jwks.json"));

    expect(await authenticate({ authorization })).toMatchObject({
      kind: "unknown",
      because: expect.stringContaining("cannot be read") as string,
    });
  });
});
