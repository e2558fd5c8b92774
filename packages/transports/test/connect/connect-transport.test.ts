import * as http2 from "node:http2";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { LogFields, Logger } from "@persys/core";
import { AgentError, silentLogger } from "@persys/core";
import { ApplyWorkloadRequestSchema } from "@persys/transports/gen";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { statusOf } from "../fake-agent.ts";
import { headersOf, protocols, rpc } from "./protocol-clients.ts";
import { plainRequest, rawConnection } from "./raw-client.ts";
import { serve, type Serving } from "./serving.ts";

const applyPath = "/persys.agent.v1.AgentService/ApplyWorkload";
const statusPath = "/persys.agent.v1.AgentService/GetWorkloadStatus";
const megabyte = Buffer.alloc(1024 * 1024, " ");

let serving: Serving;
const logged: { message: string; fields: LogFields | undefined }[] = [];
const logger: Logger = {
  ...silentLogger,
  debug: (message, fields) => void logged.push({ message, fields }),
  error: (message, fields) => void logged.push({ message, fields }),
};

beforeAll(async () => {
  serving = await serve({ logger });
});

afterAll(async () => {
  await serving.transport.stop(1_000);
});

afterEach(() => {
  serving.agent.failure = undefined;
  serving.agent.applied.length = 0;
});

describe("a plain JSON client", () => {
  it("applies and reads without knowing Connect", async () => {
    const { port } = serving;
    const body = JSON.stringify({ id: "web", spec: { process: { command: ["sleep", "1"] } } });

    expect(await plainRequest({ port, path: applyPath, body })).toMatchObject({ status: 200 });
    const { status, text } = await plainRequest({ port, path: statusPath, body: '{"id":"web"}' });

    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      status: { id: "web", actualState: "ACTUAL_STATE_PENDING" },
    });
  });

  it("reads by GET", async () => {
    serving.agent.put(statusOf("web"));
    const query = `encoding=json&message=${encodeURIComponent('{"id":"web"}')}`;

    expect(await plainRequest({ ...get(`${statusPath}?${query}`) })).toMatchObject({ status: 200 });
  });

  it("is told every violation of a GET", async () => {
    const query = `encoding=json&message=${encodeURIComponent('{"idd":"web","x":1}')}`;

    const { status, text } = await plainRequest(get(`${statusPath}?${query}`));

    expect(status).toBe(400);
    expect(text).toContain("idd: is not a field");
    expect(text).toContain("x: is not a field");
  });

  it("cannot write by GET", async () => {
    expect(await plainRequest(get(`${applyPath}?encoding=json&message={}`))).toMatchObject({
      status: 405,
    });
  });

  it.each([
    ["plain", {}, (text: string) => [Buffer.from(text)]],
    ["compressed", { "content-encoding": "gzip" }, (text: string) => [gzipSync(text)]],
  ])(
    "is told every violation of a %s request, and nothing is stored",
    async (_, headers, encode) => {
      const body = encode(
        JSON.stringify({
          id: 5,
          colour: "red",
          spec: { process: { comand: [], env: { A: 1 } }, container: {} },
        }),
      );

      const { status, text } = await plainRequest({
        port: serving.port,
        path: applyPath,
        headers,
        body,
      });

      const { code, message, details } = JSON.parse(text) as Refusal;
      expect({ status, code }).toEqual({ status: 400, code: "invalid_argument" });
      const fields = fieldsOf({ details });
      expect(fields).toEqual([
        "id",
        "colour",
        "spec.process.comand",
        "spec.process.env.A",
        "spec.container",
      ]);
      for (const field of fields) expect(message).toContain(`${field}: `);
      expect(serving.agent.applied.every((one) => one.validateOnly)).toBe(true);
    },
  );

  it("is told in one answer what the form forbids and what the agent forbids", async () => {
    const body = JSON.stringify({
      id: "../x",
      colour: "red",
      spec: { process: { command: ["x", 5], args: "y", resources: { memoryBytes: 5, swap: 1 } } },
    });
    serving.agent.failure = new AgentError("INVALID_SPEC", "invalid spec", {
      violations: [
        { path: ["command"], rule: "is required" },
        { path: ["resources", "memoryBytes"], rule: "must be at least 4194304" },
      ],
    });

    const { text } = await plainRequest({ port: serving.port, path: applyPath, body });

    expect(fieldsOf(JSON.parse(text) as Refusal)).toEqual([
      "colour",
      "spec.process.command[1]",
      "spec.process.args",
      "spec.process.resources.swap",
      "spec.process.resources.memory_bytes",
    ]);
  });

  it("is told of JSON that is nested too deep", async () => {
    const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    const body = `{"id":"x","spec":{"custom":{"runtime":"r","spec":${deep}}}}`;

    const { status, text } = await plainRequest({ port: serving.port, path: applyPath, body });

    expect(status).toBe(400);
    expect(fieldsOf(JSON.parse(text) as Refusal)).toEqual(["spec.custom.spec"]);
  });

  it("is told how to send JSON", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };

    const { status, text } = await plainRequest({ port: serving.port, headers });

    expect(status).toBe(415);
    expect(text).toContain("content-type: application/json");
  });

  it.each([["{"], [""], ["null"], ["[]"], ["5"]])("is told that %j is no request", async (body) => {
    const { status, text } = await plainRequest({ port: serving.port, path: applyPath, body });

    expect({ status, code: (JSON.parse(text) as Refusal).code }).toEqual({
      status: 400,
      code: "invalid_argument",
    });
  });

  it("is told of a method that does not exist", async () => {
    const answer = await plainRequest({
      port: serving.port,
      path: "/persys.agent.v1.AgentService/Nope",
    });

    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toEqual({ code: "unimplemented", message: "no such method" });
  });

  it("is refused under a foreign host name", async () => {
    const { port } = serving;

    const answer = await plainRequest({ port, headers: { host: "evil.example:80" } });

    expect({ status: answer.status, code: (JSON.parse(answer.text) as Refusal).code }).toEqual({
      status: 403,
      code: "permission_denied",
    });
    for (const host of ["localhost", "localhost:1", `127.0.0.1:${port}`, "[::1]:5"]) {
      expect(await plainRequest({ port, headers: { host } })).toMatchObject({ status: 200 });
    }
  });

  it("is answered 400 to a request without a host, and others go on", async () => {
    const connection = await rawConnection(serving.port);

    connection.socket.write("POST /persys.agent.v1.AgentService/HealthCheck HTTP/1.0\r\n\r\n");

    await connection.ended;
    expect(connection.received()).toMatch(/^HTTP\/1\.1 400 /);
    expect(await plainRequest({ port: serving.port })).toMatchObject({ status: 200 });
  });
});

describe("a gRPC or binary request", () => {
  it("may hold fields that are unknown here", async () => {
    const known = toBinary(
      ApplyWorkloadRequestSchema,
      create(ApplyWorkloadRequestSchema, { id: "web" }),
    );
    // Field 9999, a varint.
    const body = [Buffer.concat([known, Buffer.from([0xf8, 0xf0, 0x04, 0x01])])];

    const answer = await plainRequest({
      port: serving.port,
      path: applyPath,
      headers: { "content-type": "application/proto" },
      body,
    });

    expect(answer.status).toBe(200);
    expect(serving.agent.applied).toMatchObject([{ id: "web" }]);
  });
});

describe("a request of 10 MB", () => {
  const chunks = Array.from({ length: 10 }, () => megabyte);
  const limit = "4194304";

  it.each([
    ["with its length", { "content-length": String(10 * megabyte.length) }],
    ["in chunks", {}],
  ])("%s over HTTP/1.1 is answered with the limit", async (_, headers) => {
    for (const type of ["application/json", "application/proto"]) {
      const answer = await plainRequest({
        port: serving.port,
        path: applyPath,
        headers: { ...headers, "content-type": type },
        body: chunks,
      });

      expect(answer.status).toBe(429);
      expect(JSON.parse(answer.text)).toMatchObject({ code: "resource_exhausted" });
      expect(answer.text).toContain(limit);
    }
  });

  it("over HTTP/2 is answered with the limit", async () => {
    const session = http2.connect(`http://127.0.0.1:${serving.port}`);
    const stream = session.request({
      ":method": "POST",
      ":path": applyPath,
      authorization: "Bearer secret",
      "content-type": "application/json",
    });
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => (text += chunk));
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    stream.on("error", reject);
    stream.on("close", () => resolve());
    await promise;
    session.close();

    expect(JSON.parse(text)).toMatchObject({ code: "resource_exhausted" });
    expect(text).toContain(limit);
  });

  it.each(Object.entries(protocols))(
    "is answered RESOURCE_EXHAUSTED: %s",
    async (_, makeClient) => {
      const client = makeClient(serving.port);

      const failed = client.call(rpc.applyWorkload, { id: "x".repeat(10 * megabyte.length) });

      await expect(failed).rejects.toMatchObject({ code: Code.ResourceExhausted });
      await expect(failed).rejects.toThrow(limit);
      expect(await client.call(rpc.healthCheck, {})).toMatchObject({ healthy: true });
      client.close();
    },
  );

  it("that is small while compressed is answered with the limit", async () => {
    const body = [gzipSync(Buffer.concat(chunks))];

    for (const type of ["application/json", "application/proto"]) {
      const headers = { "content-encoding": "gzip", "content-type": type };
      const answer = await plainRequest({ port: serving.port, path: applyPath, headers, body });
      expect(answer.status).toBe(429);
      expect(answer.text).toContain(limit);
    }
  });

  it("of nobody we know is refused without being read", async () => {
    const answer = await plainRequest({
      port: serving.port,
      path: applyPath,
      headers: { authorization: "Bearer wrong" },
      body: chunks,
    });

    expect(answer.status).toBe(401);
  });
});

describe("the log", () => {
  it("has every call with its caller, code and duration", async () => {
    logged.length = 0;

    await plainRequest({ port: serving.port });
    await plainRequest({ port: serving.port, path: statusPath, body: '{"id":"gone"}' });
    await plainRequest({ port: serving.port, headers: { authorization: "Bearer wrong" } });

    expect(logged).toEqual([
      {
        message: "call ended",
        fields: {
          method: "HealthCheck",
          protocol: "connect",
          identity: "alice",
          code: "ok",
          durationMs: expect.any(Number) as number,
        },
      },
      {
        message: "call ended",
        fields: expect.objectContaining({
          method: "GetWorkloadStatus",
          code: "not_found",
        }) as object,
      },
      {
        message: "call refused",
        fields: {
          method: "HealthCheck",
          reason: "UNAUTHENTICATED",
          message: expect.stringContaining("token") as string,
        },
      },
    ]);
  });

  it("has the cause of an unexpected error, the answer only its id", async () => {
    logged.length = 0;
    const cause = new TypeError("the password is hunter2");
    serving.agent.failure = cause;

    const { status, text } = await plainRequest({ port: serving.port });

    expect(status).toBe(500);
    expect(text).not.toContain("hunter2");
    const entry = logged.find((one) => one.message === "call failed unexpectedly");
    expect(entry?.fields).toMatchObject({ error: cause });
    expect(text).toContain(String(entry?.fields?.["incident"]));
  });
});

describe("a connection that is given up", () => {
  it("in the middle of a request leaves nothing behind", async () => {
    const connection = await rawConnection(serving.port);
    connection.socket.write(
      `POST ${applyPath} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer secret\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`,
    );
    connection.socket.destroy();

    await connection.ended;
    expect(await plainRequest({ port: serving.port })).toMatchObject({ status: 200 });
  });

  it("in the middle of a watch ends the watch", async () => {
    const connection = await rawConnection(serving.port);
    const envelope = `\0\0\0\0\u0002{}`;
    const headers = Object.entries({
      ...headersOf({}),
      host: "localhost",
      "content-type": "application/connect+json",
      "content-length": "7",
    });
    connection.socket.write(
      `POST /persys.agent.v1.AgentService/WatchWorkloads HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${envelope}`,
      "latin1",
    );
    await eventually(() => serving.agent.openStreams === 1);
    connection.socket.destroy();

    await eventually(() => serving.agent.openStreams === 0);
  });
});

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly details: readonly {
    readonly debug?: { readonly fieldViolations?: readonly { readonly field: string }[] };
  }[];
}

function fieldsOf({ details }: Pick<Refusal, "details">): readonly string[] {
  return details.flatMap(({ debug }) => debug?.fieldViolations?.map((one) => one.field) ?? []);
}

const get = (path: string) => ({ port: serving.port, path, method: "GET", body: "" });
