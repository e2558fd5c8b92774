import { createHash, X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { SystemClock } from "@persys/adapters/system";
import { createNodeAgentClient } from "@persys/client/node";
import { silentLogger } from "@persys/core";
import {
  admitCallers,
  CallLimits,
  createAgentHandlers,
  createConnectTransport,
  createGrpcTransport,
  DenialLog,
  type ServerTransport,
} from "@persys/transports";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AgentAccess, openAgentAccess } from "../../../src/security/access/agent-access.ts";
import {
  type CertificatePair,
  type CertificateSubject,
  issueCertificate,
  makeAuthority,
} from "../../../src/security/certificates/authority.ts";
import { startedEngine } from "../../support/started-engine.ts";
import { stubSettings } from "../../support/stub-agent.ts";
import { CertificateFolder } from "../certificates/certificate-folder.ts";

const scheduler = "spiffe://persys.local/scheduler";
const issuer = "https://login.example";
const token = "t".repeat(40);

type Port = "gRPC" | "Connect";

let folder: CertificateFolder;
let access: AgentAccess;
let denials: DenialLog;
let stopEngine: () => Promise<void>;
let signing: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey };
const transports: ServerTransport[] = [];
const ports = new Map<Port, number>();

const accessFile = (keys: string): string => `
rules:
  - { who: ["${scheduler}", "token:ci", "sub:alice"], role: admin }
  - { who: ["ou:operations"], role: operator }
tokens: [{ name: ci, sha256: ${createHash("sha256").update("ci-token").digest("hex")} }]
jwt: [{ issuer: "${issuer}", audience: persys, jwksFile: "${keys}" }]
...
`;

beforeAll(async () => {
  folder = await CertificateFolder.make({ hasList: true });
  signing = await generateKeyPair("ES256", { extractable: true });
  const keys = join(folder.path, "jwks.json");
  const key = { ...(await exportJWK(signing.publicKey)), kid: "1", alg: "ES256" };
  await writeFile(keys, JSON.stringify({ keys: [key] }));
  await writeFile(join(folder.path, "access.yaml"), accessFile(keys));
  const { config } = stubSettings(folder.path, {
    PERSYS_TLS_ENABLED: "true",
    PERSYS_TLS_CERT: folder.files.cert,
    PERSYS_TLS_KEY: folder.files.key,
    PERSYS_TLS_CA: folder.files.ca,
    PERSYS_TLS_CRL: folder.files.crl ?? "",
    PERSYS_ACCESS_FILE: join(folder.path, "access.yaml"),
  });
  const clock = new SystemClock();
  access = await openAgentAccess({ config, token, clock, logger: silentLogger });
  const { tls: source } = access;
  if (source === undefined) throw new Error("no TLS");
  denials = new DenialLog({ clock, logger: silentLogger });
  const engine = await startedEngine();
  stopEngine = engine.stop;
  for (const [name, create] of [
    ["gRPC", createGrpcTransport],
    ["Connect", createConnectTransport],
  ] as const) {
    const transport = create({
      handlers: createAgentHandlers({ api: engine.api, logger: silentLogger, denials }),
      host: "127.0.0.1",
      port: 0,
      authenticate: admitCallers(access.authenticate, {
        limits: new CallLimits({ rate: undefined, callsAtOnce: 10, streamsAtOnce: 10 }, clock),
        refusedRate: undefined,
        denials,
        clock,
      }),
      tls: { source, clientCertificates: "asked" },
    });
    transports.push(transport);
    ports.set(name, (await transport.start()).port);
  }
});

afterAll(async () => {
  for (const transport of transports) await transport.stop(0);
  access.close();
  await stopEngine();
  await folder.dispose();
});

/** What a caller shows and sends. */
interface Shown {
  readonly pair?: CertificatePair;
  readonly token?: string;
}

/** Who a caller is taken for, or the code it is refused with. */
async function ask(port: Port, shown: Shown): Promise<string | Code> {
  const { pair } = shown;
  const client = createNodeAgentClient({
    baseUrl: `https://localhost:${ports.get(port)}`,
    protocol: port === "gRPC" ? "grpc" : "connect",
    ...(shown.token === undefined ? {} : { token: shown.token }),
    tls: {
      ca: folder.authority.certificate,
      ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
    },
  });
  try {
    const { identity, role } = await client.whoAmI({});
    return `${identity} as ${role}`;
  } catch (error) {
    return ConnectError.from(error).code;
  }
}

const issued = (subject: Partial<CertificateSubject>, days = 10): Promise<CertificatePair> =>
  folder.issue({ commonName: "node-7", use: "client", ...subject }, days);

async function webToken(
  claims: Readonly<Record<string, unknown>> = {},
  sign: { readonly key?: CryptoKey | Uint8Array; readonly alg?: string } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: issuer, aud: "persys", sub: "alice", exp: now + 600, ...claims };
  const { key = signing.privateKey, alg = "ES256" } = sign;
  return new SignJWT(all).setProtectedHeader({ alg, kid: "1" }).sign(key);
}

async function unsignedToken(): Promise<string> {
  const [, payload] = (await webToken()).split(".");
  const header = Buffer.from(JSON.stringify({ alg: "none", kid: "1" })).toString("base64url");
  return `${header}.${payload}.`;
}

async function revoked(): Promise<CertificatePair> {
  const pair = await issued({ uris: [scheduler] });
  await folder.revoke([new X509Certificate(pair.certificate).serialNumber]);
  await access.reread();
  return pair;
}

const nobody: readonly (readonly [string, () => Promise<Shown>])[] = [
  ["neither certificate nor token", async () => ({})],
  ["a wrong token", async () => ({ token: "wrong" })],
  ["half of a token", async () => ({ token: token.slice(0, 20) })],
  [
    "the digest of a token",
    async () => ({ token: createHash("sha256").update("ci-token").digest("hex") }),
  ],
  [
    "a wrong token and a good certificate",
    async () => ({ token: "wrong", pair: await issued({ uris: [scheduler] }) }),
  ],
  [
    "a certificate that has expired",
    async () => ({ pair: await issued({ uris: [scheduler] }, -1) }),
  ],
  ["one that is revoked", async () => ({ pair: await revoked() })],
  ["one that signed itself", async () => ({ pair: await makeAuthority(scheduler, 5) })],
  [
    "one of another authority",
    async () => ({
      pair: await issueCertificate(
        await makeAuthority("Test authority", 5),
        { commonName: "scheduler", uris: [scheduler], use: "client" },
        5,
      ),
    }),
  ],
  ["one of a server", async () => ({ pair: await issued({ uris: [scheduler], use: "server" }) })],
  [
    "one with two SPIFFE ids",
    async () => ({ pair: await issued({ uris: ["spiffe://persys.local/node-7", scheduler] }) }),
  ],
  [
    "one whose SPIFFE id is spelled otherwise",
    async () => ({ pair: await issued({ uris: ["SPIFFE://persys.local/scheduler"] }) }),
  ],
  ["a web token that nobody signed", async () => ({ token: await unsignedToken() })],
  [
    "a web token signed by somebody else",
    async () => ({
      token: await webToken({}, { key: (await generateKeyPair("ES256")).privateKey }),
    }),
  ],
  [
    "a web token signed with the public key as a secret",
    async () => ({
      token: await webToken(
        {},
        { key: Buffer.from(await exportSPKI(signing.publicKey)), alg: "HS256" },
      ),
    }),
  ],
  ["a web token that has expired", async () => ({ token: await webToken({ exp: 1_000_000 }) })],
  [
    "a web token of another issuer",
    async () => ({ token: await webToken({ iss: "https://else.example" }) }),
  ],
  ["a web token for another audience", async () => ({ token: await webToken({ aud: "other" }) })],
];

const strangers: readonly (readonly [string, () => Promise<Shown>])[] = [
  ["of no rule", () => shows({})],
  ["with a rule's SPIFFE id as its common name", () => shows({ commonName: scheduler })],
  ["with a token's name as its common name", () => shows({ commonName: "token:ci" })],
  ["with the name of the agent's own token", () => shows({ commonName: "token" })],
  ["with a web token's subject as its common name", () => shows({ commonName: "sub:alice" })],
  ["with a unit's name as its common name", () => shows({ commonName: "ou:operations" })],
  ["with a role as its unit", () => shows({ organizationalUnit: "admin" })],
  ["with a SPIFFE id that begins as a rule's", () => shows({ uris: [`${scheduler}/x`] })],
  ["with a rule's SPIFFE id as its DNS name", () => shows({ dnsNames: ["persys.local"] })],
];

async function shows(subject: Partial<CertificateSubject>): Promise<Shown> {
  return { pair: await issued(subject) };
}

describe.each<Port>(["gRPC", "Connect"])("the %s port", (port) => {
  it("knows those that a rule names", async () => {
    expect(await ask(port, await shows({ uris: [scheduler] }))).toBe(`${scheduler} as admin`);
    expect(await ask(port, await shows({ organizationalUnit: "operations" }))).toBe(
      "node-7 as operator",
    );
    expect(await ask(port, { token })).toBe("token as admin");
    expect(await ask(port, { token: "ci-token" })).toBe("token:ci as admin");
    expect(await ask(port, { token: await webToken() })).toBe("sub:alice as admin");
  });

  it.each(nobody)("refuses who shows %s, and notes where from", async (_, shown) => {
    expect(await ask(port, await shown())).toBe(Code.Unauthenticated);
    expect(denials.list().at(-1)).toMatchObject({
      address: "127.0.0.1",
      method: "WhoAmI",
      reason: "UNAUTHENTICATED",
    });
  });

  it.each(strangers)("refuses a trusted certificate %s, and notes whose", async (_, shown) => {
    expect(await ask(port, await shown())).toBe(Code.PermissionDenied);
    const noted = denials.list().at(-1);
    expect(noted).toMatchObject({ method: "WhoAmI", reason: "NO_ROLE" });
    expect(noted?.identity).toMatch(/^(?:node-7|cn:|spiffe:)/);
  });
});
