import { request } from "node:http";
import { createServer } from "node:net";
import type { AgentHealth } from "@persys/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { StatusServer, type StatusServerOptions } from "../../src/http-status/status-server.ts";
import type { AgentPhase } from "../../src/lifecycle/agent-phase.ts";
import { recordingLogger } from "../support/recording-logger.ts";

const wellHealth: AgentHealth = {
  healthy: true,
  reasons: [],
  version: "1.2.3",
  nodeId: "node-1",
  runtimes: { process: "healthy" },
  runtimeVersions: { process: "Linux 6.1" },
  store: "healthy",
  utilization: { memoryPercent: 1, cpuPercent: 2, diskPercent: 3 },
  workloads: { pending: 0, running: 0, stopped: 0, failed: 0, unknown: 0 },
  orphans: [],
};

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A running server and a way to ask it over a real socket. */
async function running(
  state: { phase?: AgentPhase; health?: Partial<AgentHealth> } = {},
  over: Partial<StatusServerOptions> = {},
): Promise<(path: string, options?: { method?: string; host?: string }) => Promise<Answer>> {
  const server = new StatusServer({
    address: "127.0.0.1",
    port: 0,
    source: {
      phase: () => state.phase ?? "serving",
      health: () => ({ ...wellHealth, ...state.health }),
    },
    metrics: () => Promise.resolve("persys_agent_x 1\n"),
    logger: recordingLogger(),
    ...over,
  });
  const origin = await server.start();
  onTestFinished(() => server.stop());
  return (path, { method = "GET", host } = {}) => ask(`${origin}${path}`, method, host);
}

function ask(url: string, method: string, host: string | undefined): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = host === undefined ? {} : { host };
  const call = request(url, { method, headers }, (response) => {
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      body += chunk;
    });
    response.on("end", () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
    );
  });
  call.on("error", reject);
  call.end();
  return promise;
}

describe("GET /health", () => {
  it("answers 200 and healthy when everything is", async () => {
    const get = await running();

    const { status, headers, body } = await get("/health");

    expect(status).toBe(200);
    expect(headers).toMatchObject({ "content-type": "application/json; charset=utf-8" });
    expect(JSON.parse(body)).toEqual({
      status: "healthy",
      version: "1.2.3",
      node_id: "node-1",
      runtimes: { process: "healthy" },
      store: "healthy",
    });
  });

  it("answers 200 with a runtime that does not answer and is no reason to be unwell", async () => {
    const runtimes = { process: "healthy", container: "unhealthy: no engine" };
    const get = await running({ health: { runtimes } });

    const { status, body } = await get("/health");

    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ status: "healthy", runtimes });
  });

  it("answers 503 with every reason when something is not", async () => {
    const reasons = ["runtime process: unhealthy: no cgroup", "store: unhealthy: full"];
    const get = await running({ health: { healthy: false, reasons, store: "unhealthy: full" } });

    const { status, body } = await get("/health");

    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ status: "unhealthy", reasons });
  });

  it.each(["starting", "stopping"] as const)("answers 200 while the agent is %s", async (phase) => {
    const get = await running({ phase, health: { healthy: false } });

    expect(await get("/health?x=1")).toMatchObject({
      status: 200,
      body: `{"status":"${phase}"}\n`,
    });
  });
});

describe("GET /ready", () => {
  it("answers 200 when requests are answered, whatever a runtime does", async () => {
    const health = { healthy: false, runtimes: { process: "unhealthy: gone" } };
    const get = await running({ health });

    expect(await get("/ready")).toMatchObject({ status: 200, body: '{"ready":true}\n' });
  });

  it.each(["starting", "stopping"] as const)("answers 503 while the agent is %s", async (phase) => {
    const get = await running({ phase });

    const { status, body } = await get("/ready");

    expect(status).toBe(503);
    expect(JSON.parse(body)).toEqual({ ready: false, reasons: [`the agent is ${phase}`] });
  });

  it("answers 503 when the store does not answer", async () => {
    const get = await running({ health: { store: "unhealthy: disk full" } });

    const { status, body } = await get("/ready");

    expect(status).toBe(503);
    expect(body).toContain("store: unhealthy: disk full");
  });
});

describe("StatusServer", () => {
  it("answers /metrics as Prometheus text", async () => {
    const get = await running();

    const answer = await get("/metrics");

    expect(answer).toMatchObject({ status: 200, body: "persys_agent_x 1\n" });
    expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  it("answers 500 and logs when the metrics cannot be read", async () => {
    const logger = recordingLogger();
    const get = await running({}, { metrics: () => Promise.reject(new Error("no")), logger });

    expect((await get("/metrics")).status).toBe(500);
    expect(logger.lines).toEqual(["error: a status request failed"]);
  });

  it("names what there is when asked for anything else", async () => {
    const get = await running();

    const { status, body } = await get("/");

    expect(status).toBe(404);
    expect(body).toContain("/health, /ready and /metrics");
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("refuses %s", async (method) => {
    const get = await running();

    const { status, headers } = await get("/health", { method });

    expect(status).toBe(405);
    expect(headers["allow"]).toBe("GET");
  });

  it.each(["evil.example", "evil.example:8089", "127.0.0.1.evil.example", "127.evil"])(
    "refuses the host name %j, which may be a page's way around the browser",
    async (host) => {
      const get = await running();

      expect((await get("/health", { host })).status).toBe(403);
    },
  );

  it.each(["localhost", "localhost:9", "127.0.0.1:1", "[::1]:80"])(
    "takes the host %s",
    async (host) => {
      const get = await running();

      expect((await get("/health", { host })).status).toBe(200);
    },
  );

  it("fails with the code of the system when its port is taken", async () => {
    const other = createServer();
    await new Promise<void>((done) => {
      other.listen(0, "127.0.0.1", done);
    });
    onTestFinished(() => void other.close());
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;

    await expect(running({}, { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
