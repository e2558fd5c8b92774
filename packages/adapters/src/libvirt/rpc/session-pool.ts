import { LibvirtConnectionError } from "./libvirt-connection-error.ts";
import type { LibvirtSession } from "./libvirt-session.ts";

/** How many connections and calls there may be. */
export interface PoolLimits {
  readonly connectionsMax: number;
  /** Calls in flight on one connection. */
  readonly callsPerConnection: number;
  /** Calls that wait for a connection. */
  readonly waitingMax: number;
}

/** A call that waits for a connection with a free place. */
interface Waiter {
  /** Puts the call on the connection, at once. */
  readonly start: (session: LibvirtSession) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The connections of a client. One serves as long as its places do; while all are taken another is opened, so that a few calls that hang in
 * the daemon hold up no others. A connection that ends is forgotten; the next call opens one anew.
 */
export class SessionPool {
  readonly #limits: PoolLimits;
  readonly #open: (onEnd: () => void) => Promise<LibvirtSession>;
  readonly #sessions = new Set<LibvirtSession>();
  readonly #waiting = new Set<Waiter>();
  #opening = 0;
  #closed: LibvirtConnectionError | undefined;

  /** @param open opens a connection, and calls `onEnd` when it has ended */
  constructor(limits: PoolLimits, open: (onEnd: () => void) => Promise<LibvirtSession>) {
    this.#limits = limits;
    this.#open = open;
  }

  /** The connections that are open. */
  get sessions(): readonly LibvirtSession[] {
    return [...this.#sessions];
  }

  /**
   * Starts a call on a connection with a free place, now or once there is one; or fails it. Returns how to call it off while it waits.
   * The starting has to send: places are counted by what is in flight.
   */
  submit(waiter: Waiter): () => void {
    if (this.#closed !== undefined) {
      waiter.fail(this.#closed);
    } else if (this.#waiting.size >= this.#limits.waitingMax) {
      const why = `${this.#waiting.size} calls wait for a connection already`;
      waiter.fail(new LibvirtConnectionError("busy", why, { sent: false }));
    } else {
      this.#waiting.add(waiter);
      this.pump();
    }
    return () => {
      this.#waiting.delete(waiter);
    };
  }

  /** Starts what can be started. To be called whenever a place has become free. */
  pump(): void {
    for (const waiter of this.#waiting) {
      const session = this.#sessionWithPlace();
      if (session === undefined) {
        this.#openAsNeeded();
        return;
      }
      this.#waiting.delete(waiter);
      waiter.start(session);
    }
  }

  /** Fails all that wait; nothing can be submitted any more. Leaves the connections to the caller. */
  close(error: LibvirtConnectionError): void {
    this.#closed ??= error;
    this.#failWaiting(error);
  }

  #sessionWithPlace(): LibvirtSession | undefined {
    for (const session of this.#sessions)
      if (session.callsInFlight < this.#limits.callsPerConnection) return session;
    return undefined;
  }

  #openAsNeeded(): void {
    const { connectionsMax, callsPerConnection } = this.#limits;
    while (
      this.#sessions.size + this.#opening < connectionsMax &&
      this.#opening * callsPerConnection < this.#waiting.size
    ) {
      this.#opening += 1;
      void this.#openOne();
    }
  }

  async #openOne(): Promise<void> {
    let session: LibvirtSession | undefined;
    try {
      session = await this.#open(() => {
        if (session !== undefined && this.#sessions.delete(session)) this.pump();
      });
    } catch (error) {
      this.#opening -= 1;
      // Where other connections live, what waits may still get a place on one of them.
      if (this.#sessions.size === 0 && this.#opening === 0) this.#failWaiting(unsent(error));
      return;
    }
    this.#opening -= 1;
    if (this.#closed !== undefined) session.end(this.#closed);
    else if (session.ended === undefined) this.#sessions.add(session);
    this.pump();
  }

  #failWaiting(error: unknown): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { fail } of waiting) fail(error);
  }
}

/** What has gone on the wire was the opening, not the calls that waited for it. */
function unsent(error: unknown): unknown {
  return error instanceof LibvirtConnectionError ? error.asUnsent() : error;
}
