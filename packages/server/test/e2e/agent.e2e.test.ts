import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { AgentProcess } from "../support/agent-process.ts";
import { tempFolder } from "../support/temp-folder.ts";

async function get(url: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
  return [response.status, await response.text()];
}

async function call(agent: AgentProcess, method: string, token: string): Promise<Response> {
  return fetch(`${agent.endpoints().http}/persys.agent.v1.AgentService/${method}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: "{}",
    signal: AbortSignal.timeout(10_000),
  });
}

describe("persys-agent --dev", () => {
  it("serves the API, health and metrics, and says where", async () => {
    const agent = AgentProcess.start();

    const { http, metrics, pid, nodeId, version } = await agent.waitReady();

    expect(pid).toBe(agent.pid);
    expect(http).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(statSync(`${agent.devDir}/token`).mode & 0o777).toBe(0o600);
    await expect
      .poll(() => agent.stdout.join("\n"))
      .toContain("npx persysctl apply -f examples/hello.yaml --wait");
    expect(agent.stdout.join("\n")).toContain(http);

    const [healthStatus, health] = await get(`${metrics}/health`);
    expect([healthStatus, JSON.parse(health)]).toEqual([
      200,
      expect.objectContaining({ status: "healthy", node_id: nodeId, version }),
    ]);
    expect(await get(`${metrics}/ready`)).toEqual([200, '{"ready":true}\n']);
    const [, text] = await get(`${metrics}/metrics`);
    expect(text).toContain('persys_agent_workload_count{state="running",type="process"} 0');
    expect(text).toContain('persys_agent_runtime_health_status{runtime_type="process"} 1');

    const answer = await call(agent, "HealthCheck", agent.token());
    expect(await answer.json()).toMatchObject({ healthy: true, version });
  });

  it("finds its runtimes, and is well without a Docker engine, of which it warns once", async () => {
    const endpoint = `unix://${tempFolder()}/none.sock`;
    const agent = AgentProcess.start({
      env: {
        PERSYS_DOCKER_ENABLED: "true",
        PERSYS_COMPOSE_ENABLED: "false",
        PERSYS_DOCKER_ENDPOINT: endpoint,
        PERSYS_LOG_LEVEL: "debug",
      },
    });

    const { metrics } = await agent.waitReady();

    await expect.poll(() => agent.stdout.join("\n")).toContain("container  unhealthy: ");
    expect(agent.stdout.join("\n")).toMatch(/^ {4}process {4}\S+/m);
    const [status, body] = await get(`${metrics}/health`);
    expect([status, JSON.parse(body)]).toEqual([
      200,
      expect.objectContaining({
        status: "healthy",
        runtimes: { process: "healthy", container: expect.stringContaining("ENOENT") },
      }),
    ]);
    const answer = await call(agent, "HealthCheck", agent.token());
    expect(await answer.json()).toMatchObject({
      healthy: true,
      runtimeStatus: { process: "healthy", container: expect.stringMatching(/^unhealthy: /) },
    });
    const retries = (): number => agent.messages().filter((said) => said.includes("again")).length;
    await expect.poll(retries, { timeout: 20_000 }).toBeGreaterThan(1);
    const warned = agent.stderr.filter((line) => /"level":"(?:warn|error)"/.test(line));
    expect(warned).toEqual([expect.stringContaining("runtime cannot be read")]);
  });

  it("answers nobody without the token", async () => {
    const agent = AgentProcess.start();
    await agent.waitReady();

    expect((await call(agent, "HealthCheck", "")).status).toBe(401);
    expect((await call(agent, "HealthCheck", "x".repeat(43))).status).toBe(401);
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "ends with 0 on %s and takes endpoints.json along",
    async (signal) => {
      const agent = AgentProcess.start();
      await agent.waitReady();

      const exit = await agent.kill(signal);

      expect(exit).toEqual({ code: 0, signal: null });
      expect(existsSync(`${agent.devDir}/endpoints.json`)).toBe(false);
    },
  );

  it("ends with 0 when it is told to stop before it serves", async () => {
    const agent = AgentProcess.start();
    await expect
      .poll(() => agent.messages(), { timeout: 20_000, interval: 1 })
      .toContain("starting");

    expect(await agent.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  it("starts again at once after a kill -9, as the same node with the same token", async () => {
    const first = AgentProcess.start();
    const before = { ...(await first.waitReady()), token: first.token() };
    await first.kill("SIGKILL");

    const second = AgentProcess.start({ devDir: first.devDir });
    const after = { ...(await second.waitReady()), token: second.token() };

    expect(after.pid).toBe(second.pid);
    expect([after.nodeId, after.token]).toEqual([before.nodeId, before.token]);
  });

  it("refuses to be a second agent of its folder, and names the first", async () => {
    const first = AgentProcess.start();
    await first.waitReady();

    const second = AgentProcess.start({ devDir: first.devDir, endWithTest: false });
    const exit = await second.exit;

    expect(exit.code).toBe(3);
    expect(second.messages().join("\n")).toContain(
      `in use on this host by the agent with process id ${first.pid} and its state in ${first.devDir}/state`,
    );
    expect(first.endpoints().pid).toBe(first.pid);
  });

  it("refuses to share a state folder with another node, and ends with 3", async () => {
    const first = AgentProcess.start();
    await first.waitReady();

    const second = AgentProcess.start({
      env: { PERSYS_STATE_PATH: `${first.devDir}/state`, PERSYS_NODE_ID: "another" },
    });

    expect((await second.exit).code).toBe(3);
    expect(second.messages().join("\n")).toContain(String(first.pid));
  });

  it.each([
    ["PERSYS_HTTP_PORT", "the API"],
    ["PERSYS_GRPC_PORT", "gRPC"],
    ["PERSYS_METRICS_PORT", "health and metrics"],
  ])("says what to do when the port of %s is taken, and ends with 4", async (variable, what) => {
    const other = createServer();
    await new Promise<void>((done) => {
      other.listen(0, "127.0.0.1", done);
    });
    onTestFinished(() => void other.close());
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;

    const agent = AgentProcess.start({ env: { [variable]: String(port) } });

    expect((await agent.exit).code).toBe(4);
    expect(agent.messages()).toContain(
      `cannot serve ${what}: port ${port} at 127.0.0.1 is in use by another program; stop that one, or choose another port with ${variable} (0: any free one)`,
    );
  });
});

describe("persys-agent", () => {
  it("names everything that is wrong with its settings and ends with 2", async () => {
    const agent = AgentProcess.start({
      env: { PERSYS_HTTP_PORT: "http", PERSYS_RECONCILE_INTERVAL: "0", PERSYS_NODE_NAME: "x" },
    });

    expect((await agent.exit).code).toBe(2);
    expect(agent.stderr).toEqual([
      expect.stringContaining('PERSYS_HTTP_PORT is "http", but must be a port'),
      expect.stringContaining('PERSYS_RECONCILE_INTERVAL is "0", but must be a duration'),
      expect.stringContaining("PERSYS_NODE_NAME is not a setting and has no effect"),
    ]);
  });

  it("serves without the development profile, from the environment alone", async () => {
    const folder = tempFolder();
    const agent = AgentProcess.start({
      devDir: folder,
      args: [],
      env: {
        PERSYS_NODE_ID: `test-${process.pid}`,
        PERSYS_STATE_PATH: `${folder}/state`,
        PERSYS_PROCESS_ROOT: `${folder}/processes`,
        PERSYS_TOKEN_FILE: `${folder}/token`,
        PERSYS_TLS_ENABLED: "false",
        PERSYS_GRPC_ADDR: "127.0.0.1",
      },
    });
    await expect
      .poll(() => agent.messages(), { timeout: 20_000, interval: 10 })
      .toContain("serving");

    expect(existsSync(`${folder}/endpoints.json`)).toBe(false);
    expect(agent.stdout).toEqual([]);
    expect(await agent.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  it("refuses a state path that is a file, such as the database of another agent", async () => {
    const folder = tempFolder();
    writeFileSync(`${folder}/state.db`, "bolt");

    const agent = AgentProcess.start({ env: { PERSYS_STATE_PATH: `${folder}/state.db` } });

    expect((await agent.exit).code).toBe(5);
    expect(agent.messages()).toContain(
      `the state path ${folder}/state.db is a file, such as the database of another agent, and has to be a folder; choose another one with PERSYS_STATE_PATH`,
    );
    expect(readFileSync(`${folder}/state.db`, "utf8")).toBe("bolt");
  });

  it("does not take its settings from the working directory", async () => {
    const folder = tempFolder();
    mkdirSync(`${folder}/.persys`);
    writeFileSync(`${folder}/agent_config.yaml`, "node_id: intruder\n");

    const agent = AgentProcess.start({ devDir: folder, args: ["--print-config"] });

    expect((await agent.exit).code).toBe(0);
    expect(agent.stdout.join("\n")).not.toContain("intruder");
  });

  it("reads the file that it is given", async () => {
    const folder = tempFolder();
    writeFileSync(`${folder}/mine.yaml`, "node_id: from-file\nnode_labels: { rack: 7 }\n");

    const agent = AgentProcess.start({
      devDir: folder,
      args: ["--dev", "--config", "mine.yaml", "--print-config"],
    });

    expect((await agent.exit).code).toBe(0);
    expect(agent.stdout).toContainEqual(
      expect.stringMatching(/^node_id: "from-file" +# node_id in .*mine\.yaml$/),
    );
  });
});
