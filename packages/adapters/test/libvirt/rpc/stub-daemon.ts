import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { encodeFrame, type Frame, FrameSplitter } from "../../../src/libvirt/rpc/frames.ts";
import { libvirtError, procedures } from "../../../src/libvirt/rpc/gen/protocol.ts";
import type { LibvirtEndpoint } from "../../../src/libvirt/rpc/libvirt-endpoint.ts";

/** What a stub does with a frame instead of the usual; `undefined` leaves it to the usual. */
export type Answer = (frame: Frame, connection: StubConnection) => "done" | undefined;

/** One connection that a stub has accepted. */
export class StubConnection {
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Answers a call with what `schema` writes. */
  reply(frame: Frame, payload: Uint8Array, changes: Partial<Frame> = {}): void {
    this.socket.write(encodeFrame({ ...frame, type: 1, status: 0, payload, ...changes }));
  }

  /** Answers a call with an error. */
  refuse(frame: Frame, code: number, message: string): void {
    this.reply(frame, errorPayload(code, message), { status: 1 });
  }
}

/** A daemon that answers the opening of a connection and the host's name, and whatever else a test has it do. */
export class StubDaemon {
  readonly endpoint: LibvirtEndpoint;
  readonly connections: StubConnection[] = [];
  /** Every frame that has come, in order. */
  readonly received: Frame[] = [];
  answer: Answer = () => undefined;
  readonly #server: Server;
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
    this.endpoint = { socketPaths: [path], name: "stub:///" };
    this.#server = createServer((socket) => {
      this.#accept(new StubConnection(socket));
    });
  }

  /** A daemon that lasts as long as the test. */
  static async start(answer: Answer = () => undefined): Promise<StubDaemon> {
    const folder = await mkdtemp(join(tmpdir(), "persys-stub-"));
    const stub = new StubDaemon(join(folder, "s"));
    stub.answer = answer;
    await stub.up();
    onTestFinished(async () => {
      await stub.down();
      await rm(folder, { recursive: true, force: true });
    });
    return stub;
  }

  async up(): Promise<void> {
    this.#server.listen(this.#path);
    await once(this.#server, "listening");
  }

  /** Ends, and breaks all connections. */
  async down(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(connection: StubConnection): void {
    this.connections.push(connection);
    const splitter = new FrameSplitter();
    connection.socket.on("error", () => {
      // The client goes whenever it likes.
    });
    connection.socket.on("data", (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) {
        this.received.push(frame);
        if (this.answer(frame, connection) === undefined) answerAsUsual(frame, connection);
      }
    });
  }
}

function answerAsUsual(frame: Frame, connection: StubConnection): void {
  switch (frame.procedure) {
    case procedures.authList.number:
      connection.reply(frame, procedures.authList.ret.encode({ types: [0] }));
      return;
    case procedures.connectSupportsFeature.number:
      connection.reply(frame, procedures.connectSupportsFeature.ret.encode({ supported: 1 }));
      return;
    case procedures.connectGetHostname.number:
      connection.reply(frame, hostnamePayload("stub"));
      return;
    case procedures.connectDomainEventCallbackRegisterAny.number:
      connection.reply(
        frame,
        procedures.connectDomainEventCallbackRegisterAny.ret.encode({ callbackId: 1 }),
      );
      return;
    default:
      connection.reply(frame, new Uint8Array());
  }
}

/** What the daemon's name is written as. */
export function hostnamePayload(hostname: string): Uint8Array {
  return procedures.connectGetHostname.ret.encode({ hostname });
}

function errorPayload(code: number, message: string): Uint8Array {
  return libvirtError.encode({
    code,
    domain: 10,
    message,
    level: 2,
    dom: null,
    str1: null,
    str2: null,
    str3: null,
    int1: 0,
    int2: 0,
    net: null,
  });
}
