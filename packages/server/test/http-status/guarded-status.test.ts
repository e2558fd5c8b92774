import { createHash } from "node:crypto";
import { request } from "node:https";
import { SystemClock } from "@persys/adapters/system";
import { silentLogger } from "@persys/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StatusServer } from "../../src/http-status/status-server.ts";
import { authenticateCallers } from "../../src/security/access/authenticate-callers.ts";
import { FileJwtVerifier } from "../../src/security/access/jwt-verifier.ts";
import type { CertificatePair } from "../../src/security/certificates/authority.ts";
import { issueCertificate, makeAuthority } from "../../src/security/certificates/authority.ts";
import { WatchedCertificates } from "../../src/security/certificates/watched-certificates.ts";
import { CertificateFolder } from "../security/certificates/certificate-folder.ts";

const client = (commonName: string) => ({ commonName, use: "client" as const });
const reasons = ["runtime process: unhealthy: no cgroup"];

let folder: CertificateFolder;
let certificates: WatchedCertificates;
let server: StatusServer;
let origin: string;

beforeAll(async () => {
  folder = await CertificateFolder.make();
  const clock = new SystemClock();
  const opened = await WatchedCertificates.open({
    files: folder.files,
    clock,
    logger: silentLogger,
  });
  if (!opened.ok) throw new Error(opened.problems.join("\n"));
  ({ certificates } = opened);
  server = new StatusServer({
    address: "0.0.0.0",
    port: 0,
    source: {
      phase: () => "serving",
      health: () => ({
        healthy: false,
        reasons,
        version: "1.2.3",
        nodeId: "node-1",
        runtimes: { process: "unhealthy: no cgroup" },
        runtimeVersions: {},
        store: "unhealthy: full",
        utilization: { memoryPercent: 1, cpuPercent: 2, diskPercent: 3 },
        workloads: { pending: 0, running: 0, stopped: 0, failed: 0, unknown: 0 },
        orphans: [],
      }),
    },
    metrics: () => Promise.resolve("persys_agent_x 1\n"),
    guard: {
      tls: certificates,
      authenticate: authenticateCallers({
        policy: () => ({
          rules: [{ who: ["prometheus", "token:scraper"], role: "viewer" }],
          tokens: [
            { name: "scraper", sha256: createHash("sha256").update("good").digest("hex") },
            { name: "idle", sha256: createHash("sha256").update("idle").digest("hex") },
          ],
          jwt: [],
        }),
        jwt: new FileJwtVerifier(),
        distrust: (certificate) => certificates.distrust(certificate),
      }),
    },
    logger: silentLogger,
  });
  origin = await server.start();
});

afterAll(async () => {
  await server.stop();
  certificates.close();
  await folder.dispose();
});

interface Shown {
  readonly pair?: CertificatePair;
  readonly token?: string;
}

async function get(
  path: string,
  { pair, token }: Shown = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const url = new URL(path, origin.replace("0.0.0.0", "localhost"));
  const call = request(
    url,
    {
      agent: false,
      ca: folder.authority.certificate,
      ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    },
    (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 0, body }));
    },
  );
  call.once("error", reject).end();
  return promise;
}

describe("health and metrics at an address that others reach", () => {
  it("are served over TLS", () => {
    expect(origin).toMatch(/^https:/);
  });

  it("tell everybody whether all is well, and nothing more", async () => {
    expect(await get("/health")).toEqual({ status: 503, body: '{"status":"unhealthy"}\n' });
    expect(await get("/ready")).toEqual({ status: 503, body: '{"ready":false}\n' });
  });

  it.each<[string, () => Promise<Shown>]>([
    ["a certificate", async () => ({ pair: await folder.issue(client("prometheus")) })],
    ["a token", () => Promise.resolve({ token: "good" })],
  ])("tell a viewer everything, who has %s", async (_, show) => {
    const shown = await show();

    expect(await get("/metrics", shown)).toEqual({ status: 200, body: "persys_agent_x 1\n" });
    expect(JSON.parse((await get("/health", shown)).body)).toMatchObject({ reasons });
  });

  it.each<[string, number, () => Promise<Shown>]>([
    ["nothing", 401, () => Promise.resolve({})],
    ["a wrong token", 401, () => Promise.resolve({ token: "wrong" })],
    ["a token without a role", 403, () => Promise.resolve({ token: "idle" })],
    [
      "a certificate without a role",
      403,
      async () => ({ pair: await folder.issue(client("somebody")) }),
    ],
    [
      "a certificate that has expired",
      401,
      async () => ({ pair: await folder.issue(client("prometheus"), -1) }),
    ],
    [
      "one of another authority",
      401,
      async () => ({
        pair: await issueCertificate(await makeAuthority("Else", 5), client("prometheus"), 5),
      }),
    ],
  ])("keep the metrics from who has %s: %i", async (_, status, show) => {
    const shown = await show();

    const answer = await get("/metrics", shown);

    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain("persys_agent_x");
    expect((await get("/health", shown)).body).not.toContain("reasons");
  });
});
