import { Code } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { AgentService } from "../src/contract.ts";
import { createAgentClient, explainError } from "../src/index.ts";
import { createNodeAgentClient } from "../src/node.ts";
import { clientOf } from "./scripted-agent.ts";

/** A server that answers HealthCheck with the authorization it was sent, and watches with one bookmark. */
async function listening(version: "1.1" | "2"): Promise<string> {
  const handler = connectNodeAdapter({
    routes: (router) =>
      router.service(AgentService, {
        healthCheck: (_, { requestHeader, protocolName }) => ({
          healthy: true,
          nodeId: requestHeader.get("authorization") ?? "none",
          version: protocolName,
        }),
        async *watchWorkloads() {
          yield { event: { case: "bookmark" as const, value: {} }, resumeToken: "t" };
        },
        getWorkload: (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
          }),
      }),
  });
  const server: Server = version === "2" ? createHttp2Server(handler) : createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address where nobody listens any more. */
async function refusing(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const clients = [
  ["fetch", "1.1", (baseUrl: string) => createAgentClient({ baseUrl, token: "secret" })],
  [
    "Connect over HTTP/1.1",
    "1.1",
    (baseUrl: string) => createNodeAgentClient({ baseUrl, token: "secret" }),
  ],
  [
    "Connect over HTTP/2",
    "2",
    (baseUrl: string) => createNodeAgentClient({ baseUrl, token: "secret", httpVersion: "2" }),
  ],
  [
    "gRPC",
    "2",
    (baseUrl: string) => createNodeAgentClient({ baseUrl, token: "secret", protocol: "grpc" }),
  ],
] as const;

describe.each(clients)("a client over %s", (name, version, create) => {
  it("calls with its token and reads streams", async () => {
    const client = create(await listening(version));

    const health = await client.healthCheck({});
    const tokens: string[] = [];
    for await (const { resumeToken } of client.watchWorkloads({})) tokens.push(resumeToken);

    expect(health).toMatchObject({
      nodeId: "Bearer secret",
      version: name === "gRPC" ? "grpc" : "connect",
    });
    expect(tokens).toEqual(["t"]);
  });

  it("tells a connection that is refused from an answer", async () => {
    const client = create(await refusing());

    const error: unknown = await client.healthCheck({}).catch((caught: unknown) => caught);

    expect(explainError(error).connection).toBe("ECONNREFUSED");
  });
});

describe("createAgentClient", () => {
  it("asks for the token anew at each call", async () => {
    const tokens = ["one", "two"];
    const client = createAgentClient({
      baseUrl: await listening("1.1"),
      token: () => Promise.resolve(tokens.shift() ?? ""),
    });

    expect((await client.healthCheck({})).nodeId).toBe("Bearer one");
    expect((await client.healthCheck({})).nodeId).toBe("Bearer two");
  });

  it("gives calls a deadline and leaves streams without one", async () => {
    const client = createAgentClient({ baseUrl: await listening("1.1"), callTimeoutMs: 50 });

    await expect(client.getWorkload({ id: "web" })).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
  });

  it("takes a transport of the caller's own", async () => {
    const client = clientOf({ healthCheck: () => ({ healthy: true }) });

    expect((await client.healthCheck({})).healthy).toBe(true);
  });
});
