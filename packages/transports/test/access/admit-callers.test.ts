import { Code } from "@connectrpc/connect";
import { silentLogger } from "@persys/core";
import {
  admitCallers,
  type Asking,
  type Authentication,
  CallLimits,
  DenialLog,
} from "@persys/transports";
import { beforeEach, describe, expect, it } from "vitest";
import { TestTime } from "./test-time.ts";

const bob: Authentication = { kind: "known", principal: { identity: "bob", role: "viewer" } };
const eve: Authentication = { kind: "stranger", identity: "eve", names: ["cn:eve"] };
const unknown: Authentication = { kind: "unknown", because: "unknown token" };

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

let time: TestTime;
let denials: DenialLog;
let caller: Authentication;
let admit: (asking: Asking) => Authentication | Promise<Authentication>;

beforeEach(() => {
  time = new TestTime();
  denials = new DenialLog({ clock: time, logger: silentLogger });
  const rate = { perSecond: 1, burst: 2 };
  const limits = new CallLimits({ rate, callsAtOnce: 1, streamsAtOnce: 1 }, time);
  admit = admitCallers(() => caller, { limits, refusedRate: rate, denials, clock: time });
});

function asking(address = "192.0.2.7", more: Partial<Asking> = {}): Asking {
  const peer = { address, encrypted: true, certificate: undefined, authorized: false };
  return { headers: new Headers({ traceparent }), peer, method: "GetWorkload", ...more };
}

const kinds = async (count: number, from?: Asking): Promise<readonly string[]> => {
  const all: string[] = [];
  for (let at = 0; at < count; at += 1) all.push((await admit(from ?? asking())).kind);
  return all;
};

describe("a caller at the gate", () => {
  it("that is known calls as often as its rate allows, and is then told how long to wait", async () => {
    caller = bob;
    expect(await kinds(3)).toEqual(["known", "known", "too-many"]);

    expect(await admit(asking())).toMatchObject({
      kind: "too-many",
      status: {
        code: Code.ResourceExhausted,
        details: [
          { value: { reason: "TOO_MANY_CALLS" } },
          { value: { retryDelay: { seconds: 1n } } },
        ],
      },
    });
    expect(denials.list()).toMatchObject([
      {
        identity: "bob",
        method: "GetWorkload",
        reason: "TOO_MANY_CALLS",
        count: 2,
        traceparent,
      },
    ]);
    time.nowMs = 1_000;
    expect(await kinds(2)).toEqual(["known", "too-many"]);
  });

  it("is in no trace where what it says of one is none, however long", async () => {
    caller = unknown;
    const headers = new Headers({ traceparent: `${traceparent}${"0".repeat(60_000)}` });

    expect(await kinds(1, asking("192.0.2.7", { headers }))).toEqual(["unknown"]);

    const [noted] = denials.list();
    expect(noted).toMatchObject({ address: "192.0.2.7" });
    expect(noted).not.toHaveProperty("traceparent");
  });

  it("is not counted where it is only found out anew who it is", async () => {
    caller = bob;
    const { method: _, ...again } = asking();

    expect(new Set(await kinds(10, again))).toEqual(new Set(["known"]));
    expect(await kinds(3)).toEqual(["known", "known", "too-many"]);
    caller = unknown;
    expect(new Set(await kinds(10, again))).toEqual(new Set(["unknown"]));
    expect(denials.list()).toHaveLength(1);
  });

  it("that is nobody is turned away with the reason a few times, by the network it comes from", async () => {
    caller = unknown;

    expect(await kinds(2, asking("2001:db8::1"))).toEqual(["unknown", "unknown"]);
    expect(await admit(asking("2001:db8::2"))).toMatchObject({
      kind: "too-many",
      status: {
        code: Code.ResourceExhausted,
        message: "too many calls that were refused (unknown token); wait 1000 ms",
      },
    });
    expect(await kinds(1, asking("2001:db8:1::1"))).toEqual(["unknown"]);
    expect(denials.list()).toMatchObject([
      { address: "2001:db8:0:0::/64", reason: "UNAUTHENTICATED", count: 2 },
      { address: "2001:db8:0:0::/64", reason: "TOO_MANY_CALLS", count: 1 },
      { address: "2001:db8:1:0::/64", reason: "UNAUTHENTICATED", count: 1 },
    ]);
    expect(denials.list()[0]).not.toHaveProperty("identity");
  });

  it("that has no role is noted by its name", async () => {
    caller = eve;

    expect(await kinds(3)).toEqual(["stranger", "stranger", "too-many"]);
    expect(denials.list()).toMatchObject([
      { identity: "eve", reason: "NO_ROLE", count: 2 },
      { identity: "eve", reason: "TOO_MANY_CALLS", count: 1 },
    ]);
  });

  it("that is known is not kept out by what others do from its address", async () => {
    caller = unknown;
    await kinds(100);

    caller = bob;
    expect(await kinds(2)).toEqual(["known", "known"]);
  });
});
