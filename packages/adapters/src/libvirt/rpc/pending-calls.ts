import { type XdrType } from "@stellar/js-xdr";
import { type Frame, frameStatus } from "./frames.ts";
import { libvirtError } from "./gen/protocol.ts";
import { LibvirtConnectionError } from "./libvirt-connection-error.ts";
import { LibvirtError } from "./libvirt-error.ts";

interface PendingCall {
  readonly procedure: number;
  readonly settle: (reply: Frame) => void;
  readonly fail: (error: Error) => void;
}

/** The calls of one connection that were sent and not answered yet, by the number they were sent under. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  #last = 0;

  get size(): number {
    return this.#calls.size;
  }

  /** Takes in a call; resolves with what the daemon gives. @throws {LibvirtError} for what it refuses. */
  add<Ret>(
    procedure: number,
    schema: XdrType<Ret>,
  ): { readonly serial: number; readonly reply: Promise<Ret> } {
    const serial = this.#nextSerial();
    const { promise, resolve, reject } = Promise.withResolvers<Ret>();
    this.#calls.set(serial, {
      procedure,
      fail: reject,
      settle: (frame) => {
        if (frame.status === frameStatus.error)
          reject(LibvirtError.from(decoded(libvirtError, frame)));
        else resolve(decoded(schema, frame));
      },
    });
    return { serial, reply: promise };
  }

  /**
   * Gives a reply to whoever waits for it.
   * @throws {LibvirtConnectionError} `protocol` for a reply that nobody waits for: then no other can be trusted to be where it belongs.
   */
  take(frame: Frame): void {
    const call = this.#calls.get(frame.serial);
    if (call?.procedure !== frame.procedure) {
      const what = `procedure ${frame.procedure}, serial ${frame.serial}`;
      throw new LibvirtConnectionError("protocol", `a reply to no call (${what})`);
    }
    this.#calls.delete(frame.serial);
    try {
      call.settle(frame);
    } catch (cause) {
      // Its own length was right, so that the next message begins where it should.
      const what = `the reply to procedure ${frame.procedure} cannot be read`;
      call.fail(new LibvirtConnectionError("protocol", what, { cause }));
    }
  }

  /** Ends them all without an answer. */
  failAll(error: Error): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { fail } of calls) fail(error);
  }

  #nextSerial(): number {
    do this.#last = (this.#last % 0xffff_ffff) + 1;
    while (this.#calls.has(this.#last));
    return this.#last;
  }
}

function decoded<T>(schema: XdrType<T>, { payload }: Frame): T {
  return schema.decode(payload);
}
