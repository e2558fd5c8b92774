import { describe, expect, it, onTestFinished } from "vitest";
import { frameStatus } from "../../../src/libvirt/rpc/frames.ts";
import { procedures } from "../../../src/libvirt/rpc/gen/protocol.ts";
import {
  LibvirtClient,
  type LibvirtClientOptions,
} from "../../../src/libvirt/rpc/libvirt-client.ts";
import { LibvirtConnectionError } from "../../../src/libvirt/rpc/libvirt-connection-error.ts";
import { LibvirtError } from "../../../src/libvirt/rpc/libvirt-error.ts";
import { hostnamePayload, StubDaemon } from "./stub-daemon.ts";

const hostname = procedures.connectGetHostname.number;

function clientOf(daemon: StubDaemon, options: LibvirtClientOptions = {}): LibvirtClient {
  const client = new LibvirtClient(daemon.endpoint, options);
  onTestFinished(() => client.close());
  return client;
}

async function nameOf(
  client: LibvirtClient,
  signal = AbortSignal.timeout(10_000),
): Promise<string> {
  return (await client.call("connectGetHostname", undefined, { signal })).hostname;
}

describe("LibvirtClient", () => {
  it("connects when it is first needed, and opens what the URI names", async () => {
    const daemon = await StubDaemon.start();
    const client = clientOf(daemon);
    expect(daemon.connections).toHaveLength(0);

    expect(await nameOf(client)).toBe("stub");

    const [opening] = daemon.received.filter(
      (frame) => frame.procedure === procedures.connectOpen.number,
    );
    expect(procedures.connectOpen.args.decode(opening?.payload ?? new Uint8Array())).toEqual({
      name: "stub:///",
      flags: 0,
    });
  });

  it("gives each of many calls its own answer, in whatever order they come", async () => {
    const held: (() => void)[] = [];
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== hostname) return undefined;
      held.unshift(() => {
        connection.reply(frame, hostnamePayload(`serial ${frame.serial}`));
      });
      if (held.length === 4) for (const answer of held) answer();
      return "done";
    });
    const client = clientOf(daemon);

    const names = await Promise.all(Array.from({ length: 4 }, () => nameOf(client)));

    // The opening has taken the first three.
    expect(names).toEqual(["serial 4", "serial 5", "serial 6", "serial 7"]);
  });

  it("opens further connections while calls hang, up to its limit", async () => {
    const daemon = await StubDaemon.start((frame) =>
      frame.procedure === procedures.nodeGetInfo.number ? "done" : undefined,
    );
    const client = clientOf(daemon, { connectionsMax: 3, callsPerConnection: 2 });
    const controller = new AbortController();
    const hanging = Array.from({ length: 5 }, () =>
      client.call("nodeGetInfo", undefined, { signal: controller.signal }),
    );
    const ends = Promise.allSettled(hanging);

    expect(await nameOf(client)).toBe("stub");

    expect(daemon.connections).toHaveLength(3);
    controller.abort();
    await ends;
  });

  it("has at most as many calls in flight as it is told, and the others wait", async () => {
    let inFlight = 0;
    let most = 0;
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== hostname) return undefined;
      inFlight += 1;
      most = Math.max(most, inFlight);
      setImmediate(() => {
        inFlight -= 1;
        connection.reply(frame, hostnamePayload("stub"));
      });
      return "done";
    });
    const client = clientOf(daemon, { connectionsMax: 2, callsPerConnection: 3 });

    await Promise.all(Array.from({ length: 200 }, () => nameOf(client)));

    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(6);
    expect(daemon.connections.length).toBeLessThanOrEqual(2);
  });

  it("refuses calls beyond what may wait", async () => {
    const daemon = await StubDaemon.start(() => "done");
    const client = clientOf(daemon, { waitingMax: 2, openTimeoutMs: 60_000 });
    const controller = new AbortController();
    const waiting = [nameOf(client, controller.signal), nameOf(client, controller.signal)];
    const ends = Promise.allSettled(waiting);

    await expect(nameOf(client)).rejects.toMatchObject({ fault: "busy", sent: false });

    controller.abort();
    await ends;
  });

  it("tells what the daemon refuses by code and part", async () => {
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== hostname) return undefined;
      connection.refuse(frame, 42, "no domain with matching name");
      return "done";
    });

    const failure = await nameOf(clientOf(daemon)).catch((error: unknown) => error);

    expect(LibvirtError.hasCode(failure, "noDomain")).toBe(true);
    expect(failure).toMatchObject({ code: 42, codeName: "noDomain", domainName: "qemu" });
  });

  it("gives a call up with its signal's reason, and hands on the answer that may still come", async () => {
    let release = (): void => {};
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== hostname) return undefined;
      release = () => {
        connection.reply(frame, hostnamePayload("late"));
      };
      return "done";
    });
    const client = clientOf(daemon);
    const controller = new AbortController();
    const late: Promise<unknown>[] = [];
    const call = client.call("connectGetHostname", undefined, {
      signal: controller.signal,
      onLate: (answer) => late.push(answer),
    });
    await expect
      .poll(() => daemon.received.some((frame) => frame.procedure === hostname))
      .toBe(true);
    const reason = new Error("enough");

    controller.abort(reason);

    await expect(call).rejects.toBe(reason);
    release();
    await expect(late[0]).resolves.toEqual({ hostname: "late" });
  });

  it("makes no call whose signal has aborted, and none that is called off while it waits", async () => {
    const daemon = await StubDaemon.start(() => "done");
    const client = clientOf(daemon);
    const controller = new AbortController();
    const late: Promise<unknown>[] = [];
    const waiting = client.call("connectGetHostname", undefined, {
      signal: controller.signal,
      onLate: (answer) => late.push(answer),
    });

    controller.abort(new Error("enough"));

    await expect(waiting).rejects.toThrow("enough");
    await expect(nameOf(client, controller.signal)).rejects.toThrow("enough");
    expect(late).toHaveLength(0);
    expect(daemon.received.some((frame) => frame.procedure === hostname)).toBe(false);
  });

  it("fails what was in flight when the daemon goes, and connects again once it is back", async () => {
    const daemon = await StubDaemon.start((frame) =>
      frame.procedure === procedures.nodeGetInfo.number ? "done" : undefined,
    );
    const client = clientOf(daemon);
    const signal = AbortSignal.timeout(10_000);
    const hanging = client.call("nodeGetInfo", undefined, { signal });
    const ends = Promise.allSettled([hanging]);
    await nameOf(client);

    await daemon.down();

    await expect(hanging).rejects.toMatchObject({ fault: "closed", sent: true });
    await ends;
    await expect(nameOf(client)).rejects.toMatchObject({ fault: "unreachable", errno: "ENOENT" });
    await daemon.up();
    expect(await nameOf(client)).toBe("stub");
  });

  it("gives a daemon up that lets nobody in", async () => {
    const daemon = await StubDaemon.start(() => "done");

    await expect(nameOf(clientOf(daemon, { openTimeoutMs: 50 }))).rejects.toMatchObject({
      fault: "silent",
    });
  });

  it("gives a daemon up that gives no sign of life", async () => {
    let isFrozen = false;
    const daemon = await StubDaemon.start((frame) => {
      isFrozen ||= frame.procedure === hostname;
      return isFrozen ? "done" : undefined;
    });
    const client = clientOf(daemon, { keepalive: { intervalMs: 10, pingsMax: 2 } });

    await expect(nameOf(client)).rejects.toMatchObject({ fault: "silent", sent: true });
  });

  it("keeps a connection whose daemon answers nothing but signs of life", async () => {
    let pings = 0;
    let release = (): void => {};
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.program === 0x6b656570) {
        pings += 1;
        connection.reply(frame, new Uint8Array(), { procedure: 2, type: 2 });
        if (pings === 6) release();
        return "done";
      }
      if (frame.procedure !== hostname) return undefined;
      release = () => {
        connection.reply(frame, hostnamePayload("slow"));
      };
      return "done";
    });
    const client = clientOf(daemon, { keepalive: { intervalMs: 5, pingsMax: 2 } });

    expect(await nameOf(client)).toBe("slow");
  });

  it("answers a daemon that asks for a sign of life", async () => {
    let pongs = 0;
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.program === 0x6b656570) {
        pongs += frame.procedure === 2 ? 1 : 0;
        return "done";
      }
      if (frame.procedure !== hostname) return undefined;
      const ping = { program: 0x6b656570, procedure: 1, type: 2, serial: 0 };
      connection.reply(frame, new Uint8Array(), ping);
      connection.reply(frame, hostnamePayload("stub"));
      return "done";
    });

    await nameOf(clientOf(daemon, { keepalive: { intervalMs: 0 } }));

    await expect.poll(() => pongs).toBe(1);
  });

  it.each([
    ["under another number", { serial: 9_999 }],
    ["of another procedure", { procedure: 3 }],
    ["of a kind that was not asked for", { type: 3 }],
  ])("trusts a connection no more that brings a reply %s", async (_, changes) => {
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== hostname) return undefined;
      connection.reply(frame, hostnamePayload("stub"), changes);
      return "done";
    });

    await expect(nameOf(clientOf(daemon))).rejects.toMatchObject({ fault: "protocol" });
  });

  it("fails the one call whose reply cannot be read, and keeps the others", async () => {
    let count = 0;
    const daemon = await StubDaemon.start((frame, connection) => {
      count += frame.procedure === hostname ? 1 : 0;
      if (frame.procedure !== hostname || count > 1) return undefined;
      connection.reply(frame, Uint8Array.of(1, 2, 3));
      return "done";
    });
    const client = clientOf(daemon);

    await expect(nameOf(client)).rejects.toMatchObject({ fault: "protocol" });

    expect(await nameOf(client)).toBe("stub");
    expect(daemon.connections).toHaveLength(1);
  });

  it("breaks with a daemon whose bytes are no messages", async () => {
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== hostname) return undefined;
      connection.socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
      return "done";
    });

    await expect(nameOf(clientOf(daemon))).rejects.toMatchObject({ fault: "protocol" });
  });

  it("says what it does not offer where the daemon wants to know who calls", async () => {
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== procedures.authList.number) return undefined;
      connection.reply(frame, procedures.authList.ret.encode({ types: [1] }));
      return "done";
    });

    await expect(nameOf(clientOf(daemon))).rejects.toMatchObject({ fault: "refused", sent: false });
  });

  it("asks polkit where the daemon does", async () => {
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure === procedures.authList.number) {
        connection.reply(frame, procedures.authList.ret.encode({ types: [2] }));
        return "done";
      }
      if (frame.procedure !== procedures.authPolkit.number) return undefined;
      connection.reply(frame, procedures.authPolkit.ret.encode({ complete: 1 }));
      return "done";
    });

    expect(await nameOf(clientOf(daemon))).toBe("stub");
  });

  it("sends no call that cannot be written", async () => {
    const daemon = await StubDaemon.start();
    const client = clientOf(daemon);
    const signal = AbortSignal.timeout(10_000);

    await expect(
      client.call("domainLookupByName", { name: "a\0b" }, { signal }),
    ).rejects.toMatchObject({ fault: "unsendable", sent: false });

    expect(await nameOf(client)).toBe("stub");
  });

  it("says good-bye when it is closed, and makes no further call", async () => {
    const daemon = await StubDaemon.start();
    const client = clientOf(daemon);
    await nameOf(client);

    await client.close();

    expect(daemon.received.at(-1)?.procedure).toBe(procedures.connectClose.number);
    await expect(nameOf(client)).rejects.toBeInstanceOf(LibvirtConnectionError);
    await expect.poll(() => daemon.connections[0]?.socket.destroyed).toBe(true);
  });

  it("treats an error without a reason as an error all the same", async () => {
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== hostname) return undefined;
      connection.reply(frame, new Uint8Array(), { status: frameStatus.error });
      return "done";
    });

    await expect(nameOf(clientOf(daemon))).rejects.toMatchObject({ fault: "protocol" });
  });
});
