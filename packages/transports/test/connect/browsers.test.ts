import * as http from "node:http";
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statusOf } from "../fake-agent.ts";
import { serve, type Serving } from "./serving.ts";

const site = "https://console.example";
const healthPath = "/persys.agent.v1.AgentService/HealthCheck";
const statusPath = "/persys.agent.v1.AgentService/GetWorkloadStatus";

let serving: Serving;

beforeAll(async () => {
  serving = await serve({ allowedOrigins: [site], hosts: ["agent.example"] });
});

afterAll(() => serving.transport.stop(0));

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly port?: number;
}

async function ask(asked: Ask = {}): Promise<Answer> {
  const { method = "POST", path = healthPath, headers = {}, port = serving.port } = asked;
  const request = http.request({
    host: "127.0.0.1",
    port,
    method,
    path,
    agent: false,
    headers: { authorization: "Bearer secret", "content-type": "application/json", ...headers },
  });
  request.end(method === "POST" ? "{}" : undefined);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode: status = 0 } = response;
  return { status, headers: response.headers, text: Buffer.concat(chunks).toString() };
}

const preflight = (
  origin: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  ask({
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,connect-protocol-version,content-type",
      ...headers,
    },
  });

const corsOf = ({ headers }: Answer): readonly string[] =>
  Object.keys(headers).filter((name) => name.startsWith("access-control-"));

describe("a page of a site that is named", () => {
  it("is told beforehand that it may call, once for two hours", async () => {
    const { status, headers, text } = await preflight(site);

    expect([status, text]).toEqual([204, ""]);
    expect(headers).toMatchObject({
      "access-control-allow-origin": site,
      "access-control-allow-methods": "POST, GET",
      "access-control-max-age": "7200",
    });
    expect(headers.vary).toContain("Origin");
    const allowed = headers["access-control-allow-headers"]?.toLowerCase().split(", ");
    for (const name of ["authorization", "connect-protocol-version", "content-type", "x-grpc-web"])
      expect(allowed).toContain(name);
    expect(headers).not.toHaveProperty("access-control-allow-credentials");
  });

  it("reads the answer, with what the protocols put into its headers", async () => {
    const answer = await ask({ headers: { origin: site, "sec-fetch-site": "cross-site" } });

    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ "access-control-allow-origin": site, vary: "Origin" });
    const exposed = answer.headers["access-control-expose-headers"]?.toLowerCase().split(", ");
    for (const name of ["grpc-status", "grpc-message", "grpc-status-details-bin"])
      expect(exposed).toContain(name);
    expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    expect(answer.headers).not.toHaveProperty("set-cookie");
  });

  it("reads why it was refused", async () => {
    const answer = await ask({ headers: { origin: site, authorization: "Bearer wrong" } });

    expect(answer.status).toBe(401);
    expect(answer.headers["access-control-allow-origin"]).toBe(site);
  });
});

describe("a page of another site", () => {
  it.each([
    "https://evil.example",
    "http://console.example",
    "https://console.example:8443",
    "https://console.example.evil.example",
    "https://CONSOLE.example",
    "null",
  ])("is refused: %s", async (origin) => {
    for (const answer of [await preflight(origin), await ask({ headers: { origin } })]) {
      expect(answer.status).toBe(403);
      expect(corsOf(answer)).toEqual([]);
      expect(answer.headers.vary).toContain("Origin");
      expect(JSON.parse(answer.text)).toMatchObject({ code: "permission_denied" });
    }
  });

  it.each(["cross-site", "same-site"])("is refused that names none: %s", async (fetchSite) => {
    const message = encodeURIComponent("{}");
    const path = `${healthPath}?connect=v1&encoding=json&message=${message}`;

    const refused = await ask({ method: "GET", path, headers: { "sec-fetch-site": fetchSite } });
    const direct = await ask({ method: "GET", path, headers: { "sec-fetch-site": "none" } });

    expect(refused.status).toBe(403);
    expect(direct.status).toBe(200);
  });

  it("is refused by an agent that names no site at all", async () => {
    const { port, transport } = await serve();
    const answer = await ask({ port, headers: { origin: site } });
    await transport.stop(0);

    expect(answer.status).toBe(403);
    expect(answer.text).toContain("PERSYS_HTTP_ALLOWED_ORIGINS");
    expect(corsOf(answer)).toEqual([]);
  });
});

describe("the host of a request", () => {
  it.each(["localhost", "127.0.0.1:1", "[::1]", "agent.example", "AGENT.example:50052"])(
    "may be %s",
    async (host) => {
      expect((await ask({ headers: { host } })).status).toBe(200);
    },
  );

  it.each(["evil.example", "agent.example.evil.example", "10.0.0.1", "agent.example:80:80"])(
    "may not be %s, also beforehand",
    async (host) => {
      const answer = await ask({ headers: { host } });
      expect([403, 400]).toContain(answer.status);
      const before = await preflight(site, { host });
      expect([403, 400]).toContain(before.status);
      expect(before.headers).not.toHaveProperty("access-control-allow-methods");
    },
  );

  it("may be any IP address where the agent is not bound to this machine alone", async () => {
    const { port, transport } = await serve({ host: "0.0.0.0" });
    const answers = [];
    for (const host of ["10.0.0.1:50052", "[2001:db8::1]", "localhost", "evil.example"])
      answers.push((await ask({ port, headers: { host } })).status);
    await transport.stop(0);

    expect(answers).toEqual([200, 200, 200, 403]);
  });
});

describe("every answer", () => {
  it.each<[string, Ask]>([
    ["200", {}],
    ["401", { headers: { authorization: "Bearer wrong" } }],
    ["403", { headers: { origin: "https://evil.example" } }],
    ["404", { path: "/index.html" }],
    ["404 at a read", { method: "GET", path: "/" }],
    ["405", { method: "GET", path: "/persys.agent.v1.AgentService/ApplyWorkload" }],
    ["415", { headers: { "content-type": "text/plain" } }],
  ])("tells browsers what to keep from it: %s", async (expected, asked) => {
    const { status, headers } = await ask(asked);

    expect(String(status)).toBe(expected.slice(0, 3));
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
  });

  it("does so over HTTP/2", async () => {
    const session = connectHttp2(`http://127.0.0.1:${serving.port}`);
    const stream = session.request({ ":path": "/" });
    const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
    session.destroy();

    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", vary: "Origin" });
  });
});

describe("a read by GET", () => {
  const path = `${statusPath}?connect=v1&encoding=json&message=${encodeURIComponent('{"id":"web"}')}`;
  const get = (headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    ask({ method: "GET", path, headers });

  it("may be kept by whoever asked, and is not sent again while it is the same", async () => {
    serving.agent.put(statusOf("web"));
    const first = await get();
    const { etag = "" } = first.headers;

    expect(first.headers["cache-control"]).toBe("private, no-cache");
    expect(first.headers.vary).toBe("Origin, Authorization, Accept-Encoding");
    const again = await get({ "if-none-match": `"other", W/${etag}` });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, "", etag]);

    serving.agent.put(statusOf("web", { actual: "running" }));
    const changed = await get({ "if-none-match": etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
  });

  it("is never answered from what another was told", async () => {
    serving.agent.put(statusOf("web"));
    const { etag = "" } = (await get()).headers;

    const stranger = await get({ authorization: "Bearer wrong", "if-none-match": etag });

    expect(stranger.status).toBe(401);
    expect(stranger.headers["cache-control"]).toBe("no-store");
  });
});
