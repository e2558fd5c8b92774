import { describe, expect, it, onTestFinished } from "vitest";
import type { LibvirtEvent } from "../../../src/libvirt/rpc/event-stream.ts";
import { domainEventMessages, procedures } from "../../../src/libvirt/rpc/gen/protocol.ts";
import {
  LibvirtClient,
  type LibvirtClientOptions,
} from "../../../src/libvirt/rpc/libvirt-client.ts";
import { encodeFrame } from "../../../src/libvirt/rpc/frames.ts";
import { type StubConnection, StubDaemon } from "./stub-daemon.ts";

const register = procedures.connectDomainEventCallbackRegisterAny.number;
const domain = { name: "vm", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: 1 };

function streamOf(
  daemon: StubDaemon,
  options: LibvirtClientOptions = {},
): { readonly stream: AsyncGenerator<LibvirtEvent, void>; readonly controller: AbortController } {
  const controller = new AbortController();
  const client = new LibvirtClient(daemon.endpoint, options);
  onTestFinished(() => {
    controller.abort();
  });
  return { stream: client.events(["lifecycle", "reboot"], controller.signal), controller };
}

/** Tells the stream of one stop more. */
function tell(connection: StubConnection | undefined, detail: number): void {
  const { number: procedure, msg } = domainEventMessages.lifecycle;
  const payload = msg.encode({ callbackId: 1, msg: { dom: domain, event: 5, detail } });
  const header = { program: 0x20008086, version: 1, procedure, type: 2, serial: 0, status: 0 };
  connection?.socket.write(encodeFrame({ ...header, payload }));
}

async function next(stream: AsyncGenerator<LibvirtEvent, void>): Promise<LibvirtEvent | void> {
  return (await stream.next()).value;
}

describe("events", () => {
  it("subscribes to what was asked for, and gives what is told", async () => {
    const daemon = await StubDaemon.start();
    const { stream } = streamOf(daemon);

    expect(await next(stream)).toEqual({ kind: "subscribed" });
    tell(daemon.connections[0], 3);

    expect(await next(stream)).toEqual({
      kind: "domain",
      name: "lifecycle",
      message: { callbackId: 1, msg: { dom: domain, event: 5, detail: 3 } },
    });
    const asked = daemon.received.filter((frame) => frame.procedure === register);
    const ids = asked.map(
      (frame) =>
        procedures.connectDomainEventCallbackRegisterAny.args.decode(frame.payload).eventId,
    );
    expect(ids).toEqual([0, 1]);
  });

  it("tells of a break, and subscribes again by itself", async () => {
    const daemon = await StubDaemon.start();
    const { stream } = streamOf(daemon);
    await next(stream);
    tell(daemon.connections[0], 1);
    await expect.poll(() => daemon.connections[0]?.socket.bytesWritten).toBeGreaterThan(0);

    daemon.connections[0]?.socket.end();

    const kinds = [];
    for (let count = 0; count < 3; count += 1) kinds.push((await next(stream))?.kind);
    expect(kinds).toEqual(["domain", "interrupted", "subscribed"]);
    tell(daemon.connections[1], 2);
    expect(await next(stream)).toMatchObject({ message: { msg: { detail: 2 } } });
  });

  it("goes on trying while nobody answers", async () => {
    const daemon = await StubDaemon.start();
    await daemon.down();
    const { stream } = streamOf(daemon);
    expect(await next(stream)).toMatchObject({
      kind: "interrupted",
      error: { fault: "unreachable" },
    });
    expect((await next(stream))?.kind).toBe("interrupted");

    await daemon.up();

    let event = await next(stream);
    while (event?.kind === "interrupted") event = await next(stream);
    expect(event).toEqual({ kind: "subscribed" });
  });

  it("costs a reader that does not keep up some events, told as lost, and no memory", async () => {
    const daemon = await StubDaemon.start();
    const { stream } = streamOf(daemon, { eventsMax: 10 });
    await next(stream);
    for (let detail = 0; detail < 25; detail += 1) tell(daemon.connections[0], detail);

    const seen: LibvirtEvent[] = [];
    while (detailOf(seen.at(-1)) !== 24) {
      const event = await next(stream);
      if (event !== undefined) seen.push(event);
    }

    expect(seen.map(({ kind }) => kind)).toContain("lost");
    expect(seen.length).toBeLessThan(25);
  });

  it("ends at once when its signal aborts, and leaves no connection", async () => {
    const daemon = await StubDaemon.start();
    const { stream, controller } = streamOf(daemon);
    await next(stream);
    const waiting = stream.next();

    controller.abort();

    expect(await waiting).toEqual({ done: true, value: undefined });
    await expect.poll(() => daemon.connections[0]?.socket.destroyed).toBe(true);
  });

  it("ends at once while a daemon does not let it in", async () => {
    const daemon = await StubDaemon.start(() => "done");
    const { stream, controller } = streamOf(daemon, { openTimeoutMs: 60_000 });
    const waiting = stream.next();
    await expect.poll(() => daemon.received.length).toBeGreaterThan(0);

    controller.abort();

    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it("leaves no connection when its reader leaves", async () => {
    const daemon = await StubDaemon.start();
    const { stream } = streamOf(daemon);
    await next(stream);

    await stream.return();

    await expect.poll(() => daemon.connections[0]?.socket.destroyed).toBe(true);
  });

  it("throws what will not pass: a daemon that tells no events", async () => {
    const daemon = await StubDaemon.start((frame, connection) => {
      if (frame.procedure !== register) return undefined;
      connection.refuse(frame, 3, "this function is not supported");
      return "done";
    });

    await expect(streamOf(daemon).stream.next()).rejects.toMatchObject({ codeName: "noSupport" });
  });

  it("breaks with a daemon whose event cannot be read, and subscribes again", async () => {
    const daemon = await StubDaemon.start();
    const { stream } = streamOf(daemon);
    await next(stream);
    const { number: procedure } = domainEventMessages.lifecycle;
    const header = { program: 0x20008086, version: 1, procedure, type: 2, serial: 0, status: 0 };

    daemon.connections[0]?.socket.write(encodeFrame({ ...header, payload: Uint8Array.of(1) }));

    expect(await next(stream)).toMatchObject({ kind: "interrupted", error: { fault: "protocol" } });
    expect(await next(stream)).toEqual({ kind: "subscribed" });
  });
});

function detailOf(event: LibvirtEvent | undefined): number | undefined {
  return event?.kind === "domain" && event.name === "lifecycle"
    ? event.message.msg.detail
    : undefined;
}
