import * as http2 from "node:http2";
import { performance } from "node:perf_hooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { protocols, rpc } from "./protocol-clients.ts";
import { plainRequest, rawConnection } from "./raw-client.ts";
import { serve, type Serving } from "./serving.ts";

const request = [
  "POST /persys.agent.v1.AgentService/HealthCheck HTTP/1.1",
  "host: localhost",
  "authorization: Bearer secret",
  "content-type: application/json",
  "connection: close",
  "content-length: 2",
  "",
  "{}",
].join("\r\n");

const head = {
  ":method": "POST",
  ":path": "/persys.agent.v1.AgentService/HealthCheck",
  "content-type": "application/json",
};

let serving: Serving;
/** Drops whatever keeps it waiting. */
let impatient: Serving;

beforeAll(async () => {
  serving = await serve();
  impatient = await serve({
    limits: { headersTimeoutMs: 300, requestTimeoutMs: 300, idleTimeoutMs: 1_000 },
  });
});

afterAll(async () => {
  await Promise.all([serving.transport.stop(1_000), impatient.transport.stop(1_000)]);
});

describe("a connection", () => {
  it("is understood when it comes byte by byte", async () => {
    const { socket, ended, received } = await rawConnection(serving.port);

    for (const byte of request) {
      socket.write(byte);
      await new Promise(setImmediate);
    }

    await ended;
    expect(received()).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it("in HTTP/2 is understood when its preface comes byte by byte", async () => {
    const { socket, received } = await rawConnection(serving.port);
    const settings = "\0\0\0\u0004\0\0\0\0\0";

    for (const byte of `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${settings}`) {
      socket.write(byte, "latin1");
      await new Promise(setImmediate);
    }
    const deadlineMs = performance.now() + 5_000;
    while (received() === "" && performance.now() < deadlineMs) await new Promise(setImmediate);

    // The fourth byte of a frame is its type: 4 is SETTINGS.
    expect(received().charCodeAt(3)).toBe(4);
    socket.destroy();
  });

  it.each([["POST"], ["PUT"], ["PATCH"], ["PROPFIND"], ["GET"]])(
    "that begins with %s is one of HTTP/1.1",
    async (method) => {
      const answer = await plainRequest({ port: serving.port, method, path: "/nothing", body: "" });

      expect(answer.status).toBe(404);
    },
  );

  it.each([
    ["garbage", "\u0016\u0003\u0001\u0002\0\u0001\0"],
    ["a broken preface", "PRI * HTTP/9.9\r\n\r\nXX\r\n\r\n"],
    ["half a method and an end", "PR"],
  ])("with %s is closed, and others go on", async (_, bytes) => {
    const { socket, ended } = await rawConnection(serving.port);

    socket.write(bytes, "latin1");
    if (bytes === "PR") socket.end();

    await ended;
    expect(await plainRequest({ port: serving.port })).toMatchObject({ status: 200 });
  });

  it.each([
    ["that says nothing", ""],
    ["that stops in the middle of deciding", "PR"],
    ["that stops in the middle of its headers", "POST / HTTP/1.1\r\nhost: loc"],
    ["in HTTP/2 that makes no call", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"],
  ])("%s is dropped in time", async (_, bytes) => {
    const { socket, ended } = await rawConnection(impatient.port);

    socket.write(bytes, "latin1");

    await ended;
  });

  it("that drips its headers is dropped in time", async () => {
    const { socket, ended } = await rawConnection(impatient.port);
    socket.write("POST / HTTP/1.1\r\n");
    const drip = setInterval(() => socket.write("a: b\r\n"), 20);

    await ended;
    clearInterval(drip);
  });

  it("that is idle between two calls is kept, then closed", async () => {
    const session = http2.connect(`http://127.0.0.1:${impatient.port}`);
    const closed = Promise.withResolvers<void>();
    session.once("close", () => closed.resolve());
    for (let call = 0; call < 2; call++) {
      const stream = session.request(head);
      stream.resume().end();
      await new Promise((resolve) => {
        stream.once("close", resolve);
      });
    }

    await closed.promise;
  });

  it("in HTTP/2 that never ends its request is cut off in time", async () => {
    const session = http2.connect(`http://127.0.0.1:${impatient.port}`);
    const stream = session.request({ ...head, authorization: "Bearer secret" });
    stream.on("error", () => {});

    await new Promise((resolve) => {
      stream.once("close", resolve);
    });
    session.destroy();
  });

  it("is one of many of every kind at once", async () => {
    const makers = Object.values(protocols);
    const clients = Array.from({ length: 40 }, (_, index) =>
      makers[index % makers.length]?.(serving.port),
    );

    const answers = await Promise.all(
      clients.map(async (client) => client?.call(rpc.healthCheck, {})),
    );

    expect(answers.map((answer) => answer?.healthy)).toEqual(clients.map(() => true));
    for (const client of clients) client?.close();
  });
});
