import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { persysctl } from "./persysctl.ts";
import { type Scene, scene } from "./scene.ts";
import { tempFolder } from "./temp-folder.ts";

describe("persysctl over TLS", () => {
  let certs: Certificates;
  let foreign: Certificates;

  beforeAll(async () => {
    [certs, foreign] = await Promise.all([makeCertificates(), makeCertificates()]);
  });

  /** An agent that speaks TLS, and what it does about certificates of clients. */
  const secure = (clients: "ignored" | "asked" | "required" = "ignored"): Promise<Scene> =>
    scene({
      tls: {
        ca: certs.pem("ca.pem"),
        cert: certs.pem("agent.pem"),
        key: certs.pem("agent-key.pem"),
        requestCert: clients !== "ignored",
        rejectUnauthorized: clients === "required",
      },
    });

  const ca = (): readonly string[] => ["--ca", certs.path("ca.pem")];
  const as = (name: string, from = certs): readonly string[] => {
    const [cert, key] = [from.path(`${name}.pem`), from.path(`${name}-key.pem`)];
    return ["--cert", cert, "--key", key];
  };

  it("shows the user's certificate, named by flags, by the environment or by a context", async () => {
    const { agent, run } = await secure("required");
    const contexts = join(await tempFolder(), "contexts.yaml");
    const stored = { PERSYS_CONTEXT_FILE: contexts };
    const set = [
      "context",
      "set",
      "prod",
      "--endpoint",
      agent.endpoint,
      ...ca(),
      ...as("scheduler"),
    ];

    expect(await run(["get", ...ca(), ...as("viewer")])).toMatchObject({ exitCode: 0 });
    const env = {
      PERSYS_CA_FILE: certs.path("ca.pem"),
      PERSYS_CERT_FILE: certs.path("operator.pem"),
      PERSYS_KEY_FILE: certs.path("operator-key.pem"),
    };
    expect(await run(["get"], { env })).toMatchObject({ exitCode: 0 });
    expect(await persysctl(set, { env: stored })).toMatchObject({ exitCode: 0 });
    expect(await persysctl(["get"], { env: stored })).toMatchObject({ exitCode: 0 });

    expect(agent.shown).toEqual(["persys-viewer", "persys-operator", "persys-scheduler"]);
    const listed = await persysctl(["context", "list"], { env: stored });
    expect(listed.stdout).toContain(`certificate in ${certs.path("scheduler.pem")}`);
  });

  it("says which authority to give where the agent's is not known", async () => {
    const { run } = await secure();

    const without = await run(["get"]);
    expect(without.exitCode).toBe(6);
    expect(without.stderr).toContain("issued by no authority that is trusted here");
    expect(without.stderr).toContain("--ca, PERSYS_CA_FILE, or ca_file of a context");
    const wrong = await run(["get", "--ca", foreign.path("ca.pem")]);
    expect(wrong.exitCode).toBe(6);
    expect(wrong.stderr).toContain(`${foreign.path("ca.pem")} is not its authority`);
  });

  it("tells who shows no certificate, or one that is not trusted, what to look at", async () => {
    const { run } = await secure("required");

    const without = await run(["get", ...ca()]);
    expect(without.exitCode).toBe(7);
    expect(without.stderr).toContain("it asks for a client certificate");
    const wrong = await run(["get", ...ca(), ...as("viewer", foreign)]);
    expect(wrong.exitCode).toBe(6);
    expect(wrong.stderr).toContain(`not trust the certificate in ${foreign.path("viewer.pem")}`);
  });

  it("tells agents with TLS from those without", async () => {
    const { agent: withTls } = await secure();
    const { agent: without } = await scene();
    const get = (endpoint: string) => persysctl(["get", "--endpoint", endpoint]);

    const plain = withTls.endpoint.replace("https:", "http:");
    expect(await get(plain)).toMatchObject({ exitCode: 6 });
    expect((await get(plain)).stderr).toContain(`name it as ${withTls.endpoint}`);
    const secured = without.endpoint.replace("http:", "https:");
    expect(await get(secured)).toMatchObject({ exitCode: 6 });
    expect((await get(secured)).stderr).toContain(`name it as ${without.endpoint}`);
  });

  it("refuses a key that is another's before it asks anybody", async () => {
    const { agent, run } = await secure("asked");
    const [cert, key] = [certs.path("viewer.pem"), certs.path("operator-key.pem")];

    const ended = await run(["get", ...ca(), "--cert", cert, "--key", key]);

    expect(ended.stderr).toContain(`the key in ${key} is not that of the certificate in ${cert}`);
    expect(ended.exitCode).toBe(2);
    expect(agent.shown).toEqual([]);
  });

  it("finds the authority that a development agent has made for itself", async () => {
    const { agent } = await secure();
    const folder = await developmentFolder(agent.endpoint, certs.pem("ca.pem"));

    const ended = await persysctl(["whoami"], { env: { PERSYS_DEV_DIR: folder } });

    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout).toMatch(/^Signed in by: token$/m);
  });
});

/** What a development agent at `http` leaves for its users. */
async function developmentFolder(http: string, ca: string): Promise<string> {
  const path = await tempFolder();
  await mkdir(join(path, "certs"));
  await writeFile(join(path, "certs", "ca.pem"), ca);
  await writeFile(join(path, "token"), "dev-token");
  await writeFile(join(path, "endpoints.json"), JSON.stringify({ http }));
  return path;
}

describe("persysctl whoami", () => {
  it("shows who the agent takes the user for, and what that one may do", async () => {
    const { run } = await scene();

    const { stdout, exitCode } = await run(["whoami"]);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Identity:\s+spiffe:\/\/persys.local\/ops$/m);
    expect(stdout).toMatch(/^Role:\s+operator$/m);
    expect(stdout).toMatch(/^Workloads:\s+id web-\*, label team=blue$/m);
    expect(stdout).toMatch(/^Methods:\s+ApplyWorkload, WhoAmI$/m);
    expect(JSON.parse((await run(["whoami", "--json"])).stdout)).toEqual({
      identity: "spiffe://persys.local/ops",
      role: "operator",
      methods: ["ApplyWorkload", "WhoAmI"],
      workloads: { ids: ["web-*"], labels: { team: "blue" } },
    });
  });
});
