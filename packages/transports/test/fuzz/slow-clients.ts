import { defaultLimits } from "@persys/transports";
import { expect } from "vitest";
import { Crowd } from "./crowd.ts";
import { preface } from "./frames.ts";
import { expectUnharmed } from "./unharmed.ts";
import { type Door, Victim } from "./victim.ts";

/** How connections that never finish begin, each byte on its own. */
const beginnings: readonly [Buffer, ...Buffer[]] = [
  Buffer.from(
    `POST /persys.agent.v1.AgentService/WhoAmI HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(9_999)}`,
  ),
  Buffer.concat([preface, Buffer.from([0, 1, 0, 1, 4, 0, 0, 0, 1]), Buffer.alloc(200)]),
  Buffer.from("PRI * HTTP/2.0\r\n\r\nS"),
  Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
];
const dripMs = 50;

/** So many clients send a byte now and then, for a while. Others are served meanwhile, and then all is as before. */
export async function dripFrom(door: Door, count: number, forMs: number): Promise<void> {
  const victim = await Victim.start();
  const crowd = new Crowd();
  try {
    const drips = new Set<NodeJS.Timeout>();
    let place = 0;
    await crowd.open(victim.ports[door], count, (socket) => {
      const bytes = beginnings[place % beginnings.length] ?? beginnings[0];
      place += 1;
      let at = 0;
      const drip = setInterval(() => {
        if (at < bytes.length) socket.write(bytes.subarray(at, ++at));
      }, dripMs);
      drips.add(drip);
      socket.once("close", () => clearInterval(drip));
    });
    const before = victim.service.calls;
    await new Promise((resolve) => {
      setTimeout(resolve, forMs);
    });
    expect(victim.service.calls).toBeGreaterThan(before);
    for (const drip of drips) clearInterval(drip);
    crowd.close();
    await expectUnharmed(victim);
  } finally {
    crowd.close();
    await victim.stop();
  }
}

/** So many of whom nobody knows who they are have a place by default. */
const unknownMax = defaultLimits.connectionsUnknownMax;

/** What came of a crowd. */
export interface Crowded {
  readonly opened: number;
  /** How many of these the port has kept. */
  readonly kept: number;
  readonly rssBytes: number;
  readonly calls: number;
  readonly slowestMs: number;
}

/** So many clients connect and say nothing. Others are served meanwhile, over new connections, too. */
export async function crowdAt(door: Door, count: number): Promise<Crowded> {
  const victim = await Victim.start();
  const crowd = new Crowd();
  try {
    await crowd.open(victim.ports[door], count);
    const before = victim.service.calls;
    await expect.poll(() => victim.service.calls - before, { timeout: 30_000 }).toBeGreaterThan(8);
    // Those that were ended learn of it a little later.
    await expect.poll(() => crowd.size, { timeout: 30_000 }).toBeLessThanOrEqual(unknownMax);
    const { size: kept, opened } = crowd;
    const { rssBytes } = await victim.state();
    crowd.close();
    await expectUnharmed(victim);
    const { calls, slowestMs } = victim.service;
    return { opened, kept, rssBytes, calls, slowestMs };
  } finally {
    crowd.close();
    await victim.stop();
  }
}
