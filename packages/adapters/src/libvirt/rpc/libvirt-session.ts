import type { Socket } from "node:net";
import { XdrError, type XdrType } from "@stellar/js-xdr";
import {
  encodeFrame,
  type Frame,
  frameBytesMax,
  FrameSplitter,
  frameStatus,
  frameType,
  headerBytes,
} from "./frames.ts";
import { Keepalive, type KeepaliveOptions } from "./keepalive.ts";
import { LibvirtConnectionError } from "./libvirt-connection-error.ts";
import { PendingCalls } from "./pending-calls.ts";

/** The program of all calls and events: `REMOTE_PROGRAM` and its version. */
const program = 0x20008086;
const version = 1;

/** A call as it goes over the wire. */
export interface WireCall<Args, Ret> {
  readonly number: number;
  readonly args: XdrType<Args>;
  readonly ret: XdrType<Ret>;
}

/** What a session tells its owner. */
export interface SessionListeners {
  /** A message that answers no call: an event. */
  readonly onMessage?: (procedure: number, payload: Uint8Array) => void;
  /** The session has ended; nothing comes any more. Called once. */
  readonly onEnd?: (error: LibvirtConnectionError) => void;
  readonly keepalive?: KeepaliveOptions;
  /** Ends the session when it aborts, whatever is under way. */
  readonly signal?: AbortSignal;
}

/**
 * One connection that frames go over: many calls in flight, events in between, signs of life. It knows frames and not what they are for:
 * {@link openSession} does the rest of what a connection begins with.
 *
 * A session ends once, by {@link end} or by a fault; all calls in flight then fail, and none can be made any more.
 */
export class LibvirtSession {
  readonly #socket: Socket;
  readonly #listeners: SessionListeners;
  readonly #splitter = new FrameSplitter();
  readonly #pending = new PendingCalls();
  readonly #keepalive: Keepalive;
  #ended: LibvirtConnectionError | undefined;
  readonly #abort = (): void => {
    this.end(new LibvirtConnectionError("closed", "the connection was called off"));
  };

  /** @param socket connected; it is the session's from here on */
  constructor(socket: Socket, listeners: SessionListeners = {}) {
    this.#socket = socket;
    this.#listeners = listeners;
    this.#keepalive = new Keepalive(listeners.keepalive ?? {}, {
      send: (frame) => {
        this.#sendAside(frame);
      },
      onSilence: () => {
        this.end(new LibvirtConnectionError("silent", "the daemon gives no sign of life"));
      },
    });
    socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on("error", (cause: NodeJS.ErrnoException) => {
      const { code: errno = "" } = cause;
      this.end(
        new LibvirtConnectionError("closed", `the connection broke (${errno})`, { errno, cause }),
      );
    });
    if (listeners.signal?.aborted === true) this.#abort();
    listeners.signal?.addEventListener("abort", this.#abort, { once: true });
    socket.on("close", () => {
      this.end(new LibvirtConnectionError("closed", "the daemon closed the connection"));
    });
  }

  /** How many calls wait for their answer, those included that nobody here waits for any more. */
  get callsInFlight(): number {
    return this.#pending.size;
  }

  /** Why it has ended; undefined while it lives. */
  get ended(): LibvirtConnectionError | undefined {
    return this.#ended;
  }

  /** Begins to ask a silent daemon for signs of life. */
  watch(): void {
    if (this.#ended === undefined) this.#keepalive.start();
  }

  /**
   * Sends a call and resolves with its answer, however long that takes: the protocol knows no way to take a call back.
   * @throws {LibvirtError} when the daemon answers with an error
   * @throws {LibvirtConnectionError} `unsendable`, or as no answer comes
   */
  async send<Args, Ret>(call: WireCall<Args, Ret>, args: Args): Promise<Ret> {
    if (this.#ended !== undefined) throw this.#ended.asUnsent();
    const payload = encoded(call, args);
    const { serial, reply } = this.#pending.add(call.number, call.ret);
    const { call: type } = frameType;
    const { number: procedure } = call;
    const frame = { program, version, procedure, type, serial, status: frameStatus.ok, payload };
    this.#socket.write(encodeFrame(frame));
    return reply;
  }

  /** Closes the connection. May be repeated. */
  end(error: LibvirtConnectionError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#keepalive.stop();
    this.#listeners.signal?.removeEventListener("abort", this.#abort);
    this.#socket.destroy();
    this.#pending.failAll(error);
    this.#listeners.onEnd?.(error);
  }

  #receive(chunk: Buffer): void {
    if (this.#ended !== undefined) return;
    this.#keepalive.heard();
    try {
      for (const frame of this.#splitter.push(chunk)) this.#take(frame);
    } catch (error) {
      this.end(
        error instanceof LibvirtConnectionError
          ? error
          : new LibvirtConnectionError("protocol", "a message cannot be read", { cause: error }),
      );
    }
  }

  #take(frame: Frame): void {
    // What further programs say (the drivers have some of their own) was not asked for.
    if (this.#keepalive.take(frame) || frame.program !== program) return;
    switch (frame.type) {
      case frameType.reply:
        this.#pending.take(frame);
        return;
      case frameType.message:
        this.#listeners.onMessage?.(frame.procedure, frame.payload);
        return;
      default:
        throw new LibvirtConnectionError("protocol", `a message of type ${frame.type}`);
    }
  }

  /** A daemon that asks for signs of life without reading them gets none: what is not read must not pile up. */
  #sendAside(frame: Frame): void {
    if (this.#ended === undefined && !this.#socket.writableNeedDrain)
      this.#socket.write(encodeFrame(frame));
  }
}

function encoded<Args, Ret>({ args: schema, number }: WireCall<Args, Ret>, args: Args): Uint8Array {
  try {
    const payload = schema.encode(args);
    if (headerBytes + payload.length <= frameBytesMax) return payload;
    throw new XdrError(`${payload.length} bytes are more than the daemon reads`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `what procedure ${number} is given cannot be written: ${why}`;
    throw new LibvirtConnectionError("unsendable", message, { sent: false, cause });
  }
}
