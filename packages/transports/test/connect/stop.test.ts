import * as http from "node:http";
import { Code } from "@connectrpc/connect";
import { AgentError } from "@persys/core";
import {
  bearerAuthenticator,
  createAgentHandlers,
  createConnectTransport,
} from "@persys/transports";
import { silentLogger } from "@persys/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { FakeAgent } from "../fake-agent.ts";
import { protocols, rpc, served } from "./protocol-clients.ts";
import { plainRequest, rawConnection } from "./raw-client.ts";
import { serve, type Serving } from "./serving.ts";

let serving: Serving;

beforeEach(async () => {
  serving = await serve();
});

afterEach(async () => {
  await serving.transport.stop(0);
});

describe.each(served)("stop: %s", (_, { by, makeClient }) => {
  beforeEach(async () => {
    if (by === "connect") return;
    await serving.transport.stop(0);
    serving = await serve({ by });
  });

  it("ends streams with UNAVAILABLE at once", async () => {
    const client = makeClient(serving.port);
    const watch = (async () => {
      for await (const event of client.open(rpc.watchWorkloads, {}))
        expect(event.resumeToken).toBe("t1");
    })();
    watch.catch(() => {});
    await eventually(() => serving.agent.openStreams === 1);

    // A grace that outlasts the test: it is not used up.
    await serving.transport.stop(600_000);

    await expect(watch).rejects.toMatchObject({ code: Code.Unavailable });
    expect(serving.agent.openStreams).toBe(0);
    client.close();
  });

  it("lets a call under way finish", async () => {
    const client = makeClient(serving.port);
    const gate = Promise.withResolvers<void>();
    serving.agent.applyGate = gate.promise;
    const answer = client.call(rpc.applyWorkload, { id: "web" });
    await eventually(() => serving.agent.applied.length === 1);

    const stopped = serving.transport.stop(600_000);
    gate.resolve();

    expect(await answer).toMatchObject({ applied: true });
    await stopped;
    client.close();
  });

  it("tells a call that outlasts the grace", async () => {
    const client = makeClient(serving.port);
    serving.agent.applyGate = Promise.withResolvers<void>().promise;
    const answer = client.call(rpc.applyWorkload, { id: "web" });
    answer.catch(() => {});
    await eventually(() => serving.agent.applied.length === 1);

    await serving.transport.stop(20);

    await expect(answer).rejects.toMatchObject({ code: Code.Unavailable });
    client.close();
  });

  it("answers a waiting apply with what there is", async () => {
    const client = makeClient(serving.port);
    const answer = client.call(rpc.applyWorkload, { id: "web", wait: true });
    await eventually(() => serving.agent.openStreams === 1);

    await serving.transport.stop(600_000);

    expect(await answer).toMatchObject({ applied: true });
    client.close();
  });
});

describe("stop", () => {
  it("closes connections that make no call: silent, kept alive, of either version", async () => {
    const silent = await rawConnection(serving.port);
    const agent = new http.Agent({ keepAlive: true });
    const kept = await new Promise((resolve, reject) => {
      http
        .get({ host: "127.0.0.1", port: serving.port, agent }, (response) => {
          response.resume().once("end", () => resolve(response.statusCode));
        })
        .once("error", reject);
    });
    const client = protocols["gRPC by connect-node"]?.(serving.port);
    await client?.call(rpc.healthCheck, {});

    await serving.transport.stop(600_000);

    await silent.ended;
    expect(kept).toBe(404);
    await expect(plainRequest({ port: serving.port })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    client?.close();
    agent.destroy();
  });

  it("leaves nothing open", async () => {
    const listening = (): number =>
      process.getActiveResourcesInfo().filter((one) => one === "TCPServerWrap").length;
    const before = listening();
    const other = await serve();
    const client = protocols["Connect JSON by fetch"]?.(other.port);
    const stream = client?.open(rpc.watchWorkloads, {})[Symbol.asyncIterator]();
    await stream?.next();
    expect(listening()).toBe(before + 1);

    await other.transport.stop(600_000);

    await eventually(() => listening() === before);
    expect(other.agent.openStreams).toBe(0);
    client?.close();
  });

  it("may be repeated, and may come before the start", async () => {
    await Promise.all([serving.transport.stop(10), serving.transport.stop(10)]);
    await serving.transport.stop(10);
    const never = createConnectTransport({ ...options(), port: 0 });

    await never.stop(600_000);
  });
});

describe("start", () => {
  it("tells of a port that is in use", async () => {
    const second = createConnectTransport({ ...options(), port: serving.port });

    const failed = second.start();

    await expect(failed).rejects.toSatisfy((error) => AgentError.hasCode(error, "PORT_CONFLICT"));
    await expect(failed).rejects.toThrow(`127.0.0.1:${serving.port}: it is in use`);
  });

  it("tells of an address that is not ours", async () => {
    const elsewhere = createConnectTransport({ ...options(), host: "192.0.2.1", port: 0 });

    await expect(elsewhere.start()).rejects.toSatisfy((error) =>
      AgentError.hasCode(error, "NETWORK_ERROR"),
    );
  });
});

function options() {
  return {
    handlers: createAgentHandlers({ api: new FakeAgent(), logger: silentLogger }),
    host: "127.0.0.1",
    authenticate: bearerAuthenticator(new Map([["secret", { identity: "alice", role: "admin" }]])),
  };
}
