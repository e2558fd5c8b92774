import type { Socket } from "node:net";
import { status } from "@grpc/grpc-js";
import { type Logger, silentLogger } from "@persys/core";
import type { TransportLimits } from "@persys/transports";
import { describe, expect, it, onTestFinished } from "vitest";
import { rawConnection } from "../connect/raw-client.ts";
import { serve } from "../connect/serving.ts";
import { eventually } from "../eventually.ts";
import { beginCall, openSession, type Session, statusOfCall } from "./http2-client.ts";

describe.each(["connect", "grpc"] as const)("the number of connections to the %s port", (by) => {
  const warned: unknown[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, fields) => void warned.push(fields) };

  async function serving(limits: Partial<TransportLimits>): Promise<number> {
    warned.length = 0;
    const made = await serve({ by, limits, logger });
    onTestFinished(() => made.transport.stop(0));
    return made.port;
  }

  /** A connection over which somebody has called who is known. */
  async function known(port: number): Promise<Session> {
    const session = await openSession(port);
    expect(await statusOfCall(beginCall(session, "HealthCheck"))).toBe(status.OK);
    return session;
  }

  /** Connections over which nothing is said, each with the place in which it came. */
  async function silent(port: number, count: number): Promise<readonly Socket[]> {
    const all: Socket[] = [];
    for (let opened = 0; opened < count; opened += 1) all.push((await rawConnection(port)).socket);
    return all;
  }

  it("is bounded: the oldest over which nobody was known makes room", async () => {
    const port = await serving({ connectionsUnknownMax: 3 });
    const mine = await known(port);

    const others = await silent(port, 5);
    await eventually(() => others.filter((one) => one.destroyed).length === 2);

    expect(others.map((one) => one.destroyed)).toEqual([true, true, false, false, false]);
    expect(await statusOfCall(beginCall(mine, "HealthCheck"))).toBe(status.OK);
    const another = await known(port);
    expect(warned).toEqual([
      { connections: 4, unknown: 3, setting: "connections_unknown_max", address: "127.0.0.1" },
    ]);
    mine.session.destroy();
    another.session.destroy();
  });

  it.each(["connectionsMax", "connectionsPerAddressMax"] as const)(
    "never passes %s, and who is known is not driven out",
    async (bound) => {
      const port = await serving({ [bound]: 2 });
      const first = await known(port);
      const [idle] = await silent(port, 1);

      const second = await known(port);
      await eventually(() => idle?.destroyed === true);
      const late = await rawConnection(port);

      await late.ended;
      for (const session of [first, second]) {
        expect(await statusOfCall(beginCall(session, "HealthCheck"))).toBe(status.OK);
        session.session.destroy();
      }
      await Promise.all([first.closed, second.closed]);
      const after = await known(port);
      after.session.destroy();
    },
  );

  it("counts who has a wrong token among the unknown", async () => {
    const port = await serving({ connectionsUnknownMax: 1 });
    const wrong = await openSession(port);
    const headers = { authorization: "Bearer wrong" };
    const call = beginCall(wrong, "HealthCheck", { headers });
    expect(await statusOfCall(call)).toBe(status.UNAUTHENTICATED);

    const right = await known(port);

    await wrong.closed;
    right.session.destroy();
  });
});
