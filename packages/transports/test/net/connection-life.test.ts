import { constants } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import type { TransportLimits } from "@persys/transports";
import { describe, expect, it, onTestFinished } from "vitest";
import { serve, type Serving } from "../connect/serving.ts";
import { plainRequest, rawConnection } from "../connect/raw-client.ts";
import { eventually } from "../eventually.ts";
import { beginCall, openSession, statusOfCall } from "./http2-client.ts";

describe.each(["connect", "grpc"] as const)("a connection to the %s port", (by) => {
  async function serving(limits: Partial<TransportLimits>): Promise<Serving> {
    const made = await serve({ by, limits });
    onTestFinished(() => made.transport.stop(0));
    return made;
  }

  it("is ended with GOAWAY when it is old, and calls under way go on for the grace", async () => {
    const { port } = await serving({ ageMaxMs: 200, ageGraceMs: 600 });
    const here = await openSession(port);
    const watch = beginCall(here, "WatchWorkloads");
    const ended = statusOfCall(watch);

    await eventually(() => here.goaway() !== undefined);
    expect(here.goaway()?.code).toBe(constants.NGHTTP2_NO_ERROR);
    expect(watch.closed).toBe(false);
    await ended;
    await here.closed;
  });

  it("is not ended by its age where that is boundless", async () => {
    const { port } = await serving({ ageMaxMs: Number.POSITIVE_INFINITY });
    const here = await openSession(port);

    expect(await statusOfCall(beginCall(here, "HealthCheck"))).toBe(status.OK);
    expect(here.goaway()).toBeUndefined();
    here.session.destroy();
  });

  it("is ended when its client does not answer", async () => {
    const { port } = await serving({ keepaliveIntervalMs: 50, keepaliveTimeoutMs: 50 });
    const raw = await rawConnection(port);
    // The preface and empty settings, and then nothing more: not even an answer to a ping.
    raw.socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    raw.socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));

    await raw.ended;
  });

  it("is kept while its client answers", async () => {
    const { port } = await serving({ keepaliveIntervalMs: 20, keepaliveTimeoutMs: 5_000 });
    const here = await openSession(port);
    let asked = 0;
    here.session.on("ping", () => {
      asked += 1;
    });

    const watch = beginCall(here, "WatchWorkloads");
    await eventually(() => asked > 3);

    expect(here.session.closed).toBe(false);
    watch.close();
    here.session.destroy();
  });

  it("is ended with ENHANCE_YOUR_CALM when its client asks too often", async () => {
    const { port } = await serving({ clientPingIntervalMinMs: 60_000 });
    const here = await openSession(port);
    const watch = beginCall(here, "WatchWorkloads");
    watch.resume();
    await eventually(() => watch.sentHeaders !== undefined && watch.id !== undefined);
    expect(await statusOfCall(beginCall(here, "HealthCheck"))).toBe(status.OK);

    for (let sent = 0; sent < 100 && !here.session.destroyed; sent += 1) {
      here.session.ping(() => {});
      await delay(2);
    }

    await here.closed;
    expect(here.goaway()).toEqual({
      code: constants.NGHTTP2_ENHANCE_YOUR_CALM,
      text: "too_many_pings",
    });
  });

  it("may be asked over while answers are sent, as clients that measure do", async () => {
    const { port } = await serving({ clientPingIntervalMinMs: 60_000 });
    const here = await openSession(port);

    for (let sent = 0; sent < 30; sent += 1) {
      expect(await statusOfCall(beginCall(here, "HealthCheck"))).toBe(status.OK);
      here.session.ping(() => {});
    }

    expect(await statusOfCall(beginCall(here, "HealthCheck"))).toBe(status.OK);
    expect(here.goaway()).toBeUndefined();
    here.session.destroy();
  });

  it("is closed when it has been idle", async () => {
    const { port } = await serving({ idleTimeoutMs: 100 });
    const here = await openSession(port);
    expect(await statusOfCall(beginCall(here, "HealthCheck"))).toBe(status.OK);

    await here.closed;
  });

  it("carries no more calls at once than it says", async () => {
    const { agent, port } = await serving({ streamsMax: 2 });
    const here = await openSession(port);
    expect(here.session.remoteSettings.maxConcurrentStreams).toBe(2);
    const calls = Array.from({ length: 5 }, () => beginCall(here, "WatchWorkloads"));
    for (const call of calls) call.resume();

    await eventually(() => agent.openStreams === 2);
    here.session.destroy();
    await eventually(() => agent.openStreams === 0);
  });

  it("loses a call whose request does not arrive", async () => {
    const { port } = await serving({ requestTimeoutMs: 200 });
    const here = await openSession(port);

    const slow = beginCall(here, "GetWorkloadStatus", { end: false });
    const ending = await statusOfCall(slow);

    expect([status.DEADLINE_EXCEEDED, status.CANCELLED, undefined]).toContain(ending);
    expect(await statusOfCall(beginCall(here, "HealthCheck"))).toBe(status.OK);
    here.session.destroy();
  });

  it("may not send headers without end", async () => {
    const { port } = await serving({});
    const here = await openSession(port);
    const headers = { "x-large": "x".repeat(100_000) };

    const ending = await statusOfCall(beginCall(here, "HealthCheck", { headers }));

    expect(ending).not.toBe(status.OK);
    const other = await openSession(port);
    expect(await statusOfCall(beginCall(other, "HealthCheck"))).toBe(status.OK);
    here.session.destroy();
    other.session.destroy();
  });
});

describe("a connection of HTTP/1.1", () => {
  it("ends with the answer when it is old", async () => {
    const { port, transport } = await serve({ limits: { ageMaxMs: 1, ageGraceMs: 60_000 } });
    onTestFinished(() => transport.stop(0));
    const { socket, ended, received } = await rawConnection(port);
    const ask = [
      "GET /persys.agent.v1.AgentService/HealthCheck?encoding=json&message=%7B%7D HTTP/1.1",
      "Host: localhost",
      "Authorization: Bearer secret",
      "\r\n",
    ].join("\r\n");

    const answers = (): number => received().match(/200 OK[^]*?\r\n\r\n/g)?.length ?? 0;
    const saysItEnds = (): boolean => received().toLowerCase().includes("connection: close");
    let asked = 0;
    while (!saysItEnds()) {
      socket.write(ask);
      asked += 1;
      await eventually(() => answers() === asked);
    }

    await ended;
    expect(answers()).toBe(asked);
    expect(await plainRequest({ port })).toMatchObject({ status: 200 });
  });

  it("ends in the middle of a stream when the grace is over", async () => {
    const { agent, port, transport } = await serve({ limits: { ageMaxMs: 50, ageGraceMs: 50 } });
    onTestFinished(() => transport.stop(0));
    const { socket, ended } = await rawConnection(port);
    socket.write(
      [
        "POST /persys.agent.v1.AgentService/WatchWorkloads HTTP/1.1",
        "Host: localhost",
        "Authorization: Bearer secret",
        "Content-Type: application/connect+json",
        "Content-Length: 7",
        "\r\n\0\0\0\0\x02{}",
      ].join("\r\n"),
    );

    await ended;
    await eventually(() => agent.openStreams === 0);
  });
});
