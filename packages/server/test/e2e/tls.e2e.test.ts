import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { Code, ConnectError } from "@connectrpc/connect";
import { createNodeAgentClient, type NodeAgentClientOptions } from "@persys/client/node";
import { describe, expect, it } from "vitest";
import { AgentProcess } from "../support/agent-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

const run = promisify(execFile);

interface SecureAgent {
  readonly agent: AgentProcess;
  /** Where the certificates are. */
  readonly certs: string;
  /** Where it serves, as its log says. */
  readonly http: string;
  readonly grpc: string;
}

/** An agent as it is in production, with certificates made by its own command. */
async function startSecure(env: Readonly<Record<string, string>> = {}): Promise<SecureAgent> {
  const folder = tempFolder();
  const certs = `${folder}/certs`;
  const maker = AgentProcess.start({ devDir: folder, args: ["certs", "dev", "--dir", certs] });
  expect((await maker.exit).code).toBe(0);
  const agent = AgentProcess.start({
    devDir: folder,
    args: [],
    env: {
      PERSYS_NODE_ID: `test-${process.pid}-${Math.random()}`,
      PERSYS_STATE_PATH: `${folder}/state`,
      PERSYS_PROCESS_ROOT: `${folder}/processes`,
      PERSYS_TOKEN_FILE: `${folder}/token`,
      PERSYS_TLS_CERT: `${certs}/agent.pem`,
      PERSYS_TLS_KEY_PATH: `${certs}/agent-key.pem`,
      PERSYS_TLS_CA: `${certs}/ca.pem`,
      PERSYS_ACCESS_FILE: `${certs}/access.yaml`,
      PERSYS_GRPC_ADDR: "127.0.0.1",
      PERSYS_PROCESS_USERS: "nobody",
      ...env,
    },
  });
  await expect.poll(() => agent.messages(), { timeout: 50_000, interval: 10 }).toContain("serving");
  const line = agent.stderr.find((one) => one.includes('"msg":"serving"')) ?? "";
  return { agent, certs, ...(JSON.parse(line) as { http: string; grpc: string }) };
}

type Shown = "scheduler" | "operator" | "viewer" | "agent";

function clientOf(
  { certs, grpc, http }: SecureAgent,
  shown?: Shown,
  options: Partial<NodeAgentClientOptions> = {},
): ReturnType<typeof createNodeAgentClient> {
  const read = (name: string): string => readFileSync(`${certs}/${name}.pem`, "utf8");
  const pair = shown === undefined ? {} : { cert: read(shown), key: read(`${shown}-key`) };
  const { protocol = "grpc" } = options;
  return createNodeAgentClient({
    baseUrl: protocol === "grpc" ? `https://${grpc}` : http,
    protocol,
    tls: { ca: read("ca"), ...pair },
    ...options,
  });
}

const codeOf = (answer: Promise<unknown>): Promise<Code | undefined> =>
  answer.then(
    () => undefined,
    (error: unknown) => ConnectError.from(error).code,
  );

const spec = {
  spec: { case: "process" as const, value: { command: ["sleep", "600"], user: "nobody" } },
};

describe("an agent that speaks TLS", () => {
  it("lets everybody do what their certificate's role allows, on both ports", async () => {
    const secure = await startSecure();
    for (const protocol of ["grpc", "connect"] as const) {
      const id = `web-${protocol}`;
      const as = (shown: Shown) => clientOf(secure, shown, { protocol });
      const apply = { id, revisionId: "r1", spec };

      expect(await codeOf(as("viewer").applyWorkload(apply))).toBe(Code.PermissionDenied);
      // The agent's own certificate is of the same authority, and no rule names it.
      expect(await codeOf(as("agent").listWorkloads({}))).toBe(Code.PermissionDenied);
      expect(await as("operator").applyWorkload(apply)).toMatchObject({ applied: true });
      expect((await as("viewer").getWorkloadStatus({ id })).status?.id).toBe(id);
      expect(await as("viewer").whoAmI({})).toMatchObject({
        identity: "spiffe://persys.local/viewer",
        role: "viewer",
      });
      expect(await as("scheduler").deleteWorkload({ id })).toMatchObject({ success: true });
    }
    const actions = await clientOf(secure, "viewer").listActions({});
    expect(new Set(actions.actions.map(({ caller }) => caller))).toEqual(
      new Set(["spiffe://persys.local/operator", "spiffe://persys.local/scheduler"]),
    );
  });

  it("turns away who has neither a certificate nor a token", async () => {
    const secure = await startSecure();
    const token = readFileSync(`${secure.agent.devDir}/token`, "utf8").trim();

    // gRPC is for machines: there, nobody gets past the handshake without a certificate.
    const cutOff = [Code.Unavailable, Code.Internal, Code.Unknown];
    expect(cutOff).toContain(await codeOf(clientOf(secure).healthCheck({})));
    expect(cutOff).toContain(await codeOf(clientOf(secure, undefined, { token }).healthCheck({})));
    const overHttp = { protocol: "connect" } as const;
    expect(await codeOf(clientOf(secure, undefined, overHttp).healthCheck({}))).toBe(
      Code.Unauthenticated,
    );
    const wrong = clientOf(secure, "scheduler", { ...overHttp, token: "wrong" });
    expect(await codeOf(wrong.healthCheck({}))).toBe(Code.Unauthenticated);
    const right = clientOf(secure, undefined, { ...overHttp, token });
    expect(await right.whoAmI({})).toMatchObject({ identity: "token", role: "admin" });
  });

  it("is spoken to with curl", async () => {
    const { certs, http } = await startSecure();
    const files = ["--cacert", `${certs}/ca.pem`, "--cert", `${certs}/viewer.pem`];
    const url = `${http}/persys.agent.v1.AgentService/WhoAmI`;
    const asked = ["--silent", ...files, "--key", `${certs}/viewer-key.pem`, "--json", "{}", url];

    const { stdout } = await run("curl", asked);

    expect(JSON.parse(stdout)).toMatchObject({ role: "viewer" });
  });

  it("takes up new certificates and rules while it serves", async () => {
    const secure = await startSecure();
    const { agent, certs } = secure;
    const before = clientOf(secure, "viewer");
    await before.healthCheck({});

    rmSync(`${certs}/agent.pem`);
    const maker = AgentProcess.start({
      devDir: agent.devDir,
      args: ["certs", "dev", "--dir", certs, "--host", "node-1.example"],
    });
    expect((await maker.exit).code).toBe(0);
    await expect
      .poll(() => agent.messages(), { timeout: 50_000, interval: 10 })
      .toContain("new certificates are in use");
    expect(agent.messages()).toContain("the API is served over TLS");
    await before.healthCheck({});

    writeFileSync(`${certs}/access.yaml`, "rules: [{ who: [persys-viewer], role: root }]\n...\n");
    await expect
      .poll(() => agent.messages(), { timeout: 50_000, interval: 10 })
      .toContain("the access file cannot be used; what it said before goes on to hold");
    await before.healthCheck({});

    writeFileSync(`${certs}/access.yaml`, "rules: []\n...\n");
    await expect
      .poll(() => agent.messages(), { timeout: 50_000, interval: 10 })
      .toContain("a new access policy holds");
    expect(await codeOf(before.healthCheck({}))).toBe(Code.PermissionDenied);
  });

  it("does not start without certificates, and says what to do", async () => {
    const folder = tempFolder();
    const agent = AgentProcess.start({
      devDir: folder,
      args: [],
      env: { PERSYS_TOKEN_FILE: `${folder}/token`, PERSYS_TLS_CERT: `${folder}/none.pem` },
    });

    expect((await agent.exit).code).toBe(2);
    expect(agent.messages().join("\n")).toContain(`cannot read ${folder}/none.pem (ENOENT)`);
    expect(agent.messages().join("\n")).toContain("persys-agent certs dev");
  });

  it("makes itself certificates in the development profile", async () => {
    const agent = AgentProcess.start({ args: ["--dev", "--tls-enabled", "true"] });
    const { http, grpc, metrics } = await agent.waitReady();
    const secure = { agent, http, grpc, certs: `${agent.devDir}/certs` };

    expect(http).toMatch(/^https:/);
    expect(await clientOf(secure, "operator").whoAmI({})).toMatchObject({ role: "operator" });
    const measured = await (await fetch(`${metrics}/metrics`)).text();
    const [, seconds] = /^persys_agent_certificate_expiry_seconds (\S+)$/m.exec(measured) ?? [];
    expect(Number(seconds) / 86_400).toBeCloseTo(90, 0);
  });
});
