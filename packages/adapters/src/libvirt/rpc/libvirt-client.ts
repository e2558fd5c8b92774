import type { XdrType } from "@stellar/js-xdr";
import { type DomainEventName, type LibvirtEvent, streamEvents } from "./event-stream.ts";
import { type Procedure, type Procedures, procedures } from "./gen/protocol.ts";
import type { KeepaliveOptions } from "./keepalive.ts";
import { LibvirtConnectionError } from "./libvirt-connection-error.ts";
import type { LibvirtEndpoint } from "./libvirt-endpoint.ts";
import type { LibvirtSession } from "./libvirt-session.ts";
import { openSession } from "./open-session.ts";
import { SessionPool } from "./session-pool.ts";

/** A call that can be made. */
export type ProcedureName = keyof Procedures;

/** What a call takes. */
export type ArgsOf<Name extends ProcedureName> =
  Procedures[Name]["args"] extends XdrType<infer Args> ? Args : never;

/** What a call gives. */
export type RetOf<Name extends ProcedureName> =
  Procedures[Name]["ret"] extends XdrType<infer Ret> ? Ret : never;

/** How a call is made. */
export interface CallOptions {
  /** Ends the waiting; what the daemon has begun it goes on with. */
  readonly signal: AbortSignal;
  /** Given the answer of a call that was called off while the daemon may be carrying it out. */
  readonly onLate?: (answer: Promise<unknown>) => void;
}

/** What is needed of libvirt: its calls, and what it tells by itself. */
export interface LibvirtConnection {
  /**
   * Makes a call. Calls that are under way at once are carried out at once.
   * @throws {LibvirtError} for what the daemon refuses, by code
   * @throws {LibvirtConnectionError} when there is no answer: then nothing is known
   * @throws the signal's reason as soon as it aborts
   */
  call<Name extends ProcedureName>(
    name: Name,
    args: ArgsOf<Name>,
    options: CallOptions,
  ): Promise<RetOf<Name>>;

  /**
   * What the daemon tells about all domains, from the moment that `subscribed` is given. A break is told as `interrupted`; it connects and
   * subscribes again by itself, ever more slowly, and tells `subscribed` again. Ends when the signal aborts.
   */
  events(
    names: readonly DomainEventName[],
    signal: AbortSignal,
  ): AsyncGenerator<LibvirtEvent, void>;
}

/** How a client behaves. */
export interface LibvirtClientOptions {
  /** Connections at once, those of events not counted. Default 8. */
  readonly connectionsMax?: number;
  /**
   * Calls in flight on one connection. Default 4: a daemon with its usual settings reads no further after 5, signs of life included
   * (`max_client_requests` of libvirtd.conf).
   */
  readonly callsPerConnection?: number;
  /** Calls that wait for a place; one more fails as `busy`. Default 1,024. */
  readonly waitingMax?: number;
  /** Events that wait to be read; more are told as `lost`. Default 4,096. */
  readonly eventsMax?: number;
  /** How long connecting, authentication and opening may take together, in milliseconds. Default 10,000. */
  readonly openTimeoutMs?: number;
  readonly keepalive?: KeepaliveOptions;
}

/** How long a daemon may take to say good-bye, in milliseconds. */
const closeTimeoutMs = 1_000;

/**
 * A client of libvirt's daemons over a unix socket, in their own protocol: nothing native, nothing to compile.
 *
 * It connects when it is first needed, and again after a break; a call that comes meanwhile fails with what kept it from connecting.
 */
export class LibvirtClient implements LibvirtConnection {
  readonly #endpoint: LibvirtEndpoint;
  readonly #options: Required<LibvirtClientOptions>;
  readonly #pool: SessionPool;

  constructor(endpoint: LibvirtEndpoint, options: LibvirtClientOptions = {}) {
    this.#endpoint = endpoint;
    this.#options = {
      connectionsMax: options.connectionsMax ?? 8,
      callsPerConnection: options.callsPerConnection ?? 4,
      waitingMax: options.waitingMax ?? 1_024,
      eventsMax: options.eventsMax ?? 4_096,
      openTimeoutMs: options.openTimeoutMs ?? 10_000,
      keepalive: options.keepalive ?? {},
    };
    const { openTimeoutMs, keepalive } = this.#options;
    this.#pool = new SessionPool(this.#options, (onEnd) =>
      openSession(endpoint, { openTimeoutMs, keepalive, onEnd }),
    );
  }

  async call<Name extends ProcedureName>(
    name: Name,
    args: ArgsOf<Name>,
    { signal, onLate }: CallOptions,
  ): Promise<RetOf<Name>> {
    signal.throwIfAborted();
    // The table pairs each name with what it takes and gives; the compiler cannot follow that through an index.
    const procedure = procedures[name] as Procedure<ArgsOf<Name>, RetOf<Name>>;
    const { promise, resolve, reject } = Promise.withResolvers<RetOf<Name>>();
    let answer: Promise<unknown> | undefined;
    const leave = this.#pool.submit({
      fail: reject,
      start: (session) => {
        const sent = session.send(procedure, args);
        answer = sent;
        sent.then(resolve, reject).finally(() => {
          this.#pool.pump();
        });
      },
    });
    const abort = (): void => {
      leave();
      if (answer !== undefined) onLate?.(answer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  events(
    names: readonly DomainEventName[],
    signal: AbortSignal,
  ): AsyncGenerator<LibvirtEvent, void> {
    return streamEvents({ ...this.#options, endpoint: this.#endpoint }, names, signal);
  }

  /** Ends all connections; calls in flight fail, and none can be made any more. Streams of events end by their signals. May be repeated. */
  async close(): Promise<void> {
    const closed = new LibvirtConnectionError("closed", "the client was closed", { sent: false });
    this.#pool.close(closed);
    await Promise.all(this.#pool.sessions.map((it) => sayGoodBye(it, closed)));
  }
}

/** A daemon that is left without a word writes an error into its log. */
async function sayGoodBye(session: LibvirtSession, reason: LibvirtConnectionError): Promise<void> {
  const timer = setTimeout(() => {
    session.end(reason);
  }, closeTimeoutMs);
  try {
    await session.send(procedures.connectClose, undefined);
  } catch {
    // It has ended before: that is what was wanted.
  } finally {
    clearTimeout(timer);
    session.end(reason);
  }
}
