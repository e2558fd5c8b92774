import type { Server, Socket } from "node:net";
import type { Logger } from "@persys/core";
import { addressGroup } from "../access/address-group.ts";
import { type ConnectionEnds, nameOf } from "./connection-name.ts";

/** How many connections there may be at once. */
export interface ConnectionBounds {
  /** In all. */
  readonly connectionsMax: number;
  /** From one address. */
  readonly connectionsPerAddressMax: number;
  /** Of those over which nobody has shown yet who asks. */
  readonly connectionsUnknownMax: number;
}

interface Held {
  readonly socket: Socket;
  readonly name: string;
  readonly group: string;
}

/** Those that read the log are told so often at most that there is no room, in milliseconds. */
const warnEveryMs = 60_000;

/**
 * Keeps the number of connections bounded. Where there is no room for another, the one makes room that has been there longest without showing
 * who asks, of the address that has most of these: a flood ends its own connections, and whoever shows a certificate or a token keeps his.
 * Only where nobody is left to make room, the new one is turned away.
 */
export class ConnectionGate {
  readonly #bounds: ConnectionBounds;
  readonly #logger: Logger;
  readonly #held = new Set<Held>();
  /** The last of each name: a client may use a port again before the end of its former connection is noticed. */
  readonly #byName = new Map<string, Held>();
  readonly #perGroup = new Map<string, number>();
  /** By address, each from the oldest to the newest. */
  readonly #unknown = new Map<string, Set<Held>>();
  #unknownCount = 0;
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(bounds: ConnectionBounds, logger: Logger) {
    this.#bounds = bounds;
    this.#logger = logger;
  }

  /** Lets only those connections of a server through for which there is room. Called once all takes connections in that is to. */
  guard(server: Server): void {
    const taking = server.listeners("connection");
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      if (!this.#admit(socket)) return;
      for (const take of taking) Reflect.apply(take, server, [socket]);
    });
  }

  /** A connection over which somebody has shown who asks: it makes room for nobody any more. May be repeated. */
  know(ends: ConnectionEnds): void {
    const held = this.#byName.get(nameOf(ends));
    if (held !== undefined) this.#noMoreUnknown(held);
  }

  #admit(socket: Socket): boolean {
    const { connectionsMax, connectionsPerAddressMax, connectionsUnknownMax } = this.#bounds;
    const group = addressGroup(socket.remoteAddress ?? "");
    const ofGroup = this.#perGroup.get(group) ?? 0;
    const hasRoom =
      (ofGroup < connectionsPerAddressMax ||
        this.#makeRoom("connections_per_address_max", group)) &&
      (this.#held.size < connectionsMax || this.#makeRoom("connections_max")) &&
      (this.#unknownCount < connectionsUnknownMax || this.#makeRoom("connections_unknown_max"));
    if (!hasRoom) {
      socket.destroy();
      return false;
    }
    this.#hold({ socket, name: nameOf(socket), group });
    return true;
  }

  #hold(held: Held): void {
    this.#held.add(held);
    this.#byName.set(held.name, held);
    this.#perGroup.set(held.group, (this.#perGroup.get(held.group) ?? 0) + 1);
    const unknown = this.#unknown.get(held.group) ?? new Set();
    this.#unknown.set(held.group, unknown.add(held));
    this.#unknownCount += 1;
    held.socket.once("close", () => this.#forget(held));
  }

  #forget(held: Held): void {
    if (!this.#held.delete(held)) return;
    if (this.#byName.get(held.name) === held) this.#byName.delete(held.name);
    const left = (this.#perGroup.get(held.group) ?? 1) - 1;
    if (left === 0) this.#perGroup.delete(held.group);
    else this.#perGroup.set(held.group, left);
    this.#noMoreUnknown(held);
  }

  #noMoreUnknown(held: Held): void {
    const unknown = this.#unknown.get(held.group);
    if (unknown?.delete(held) !== true) return;
    this.#unknownCount -= 1;
    if (unknown.size === 0) this.#unknown.delete(held.group);
  }

  /** Ends a connection, of the address or of all. Says whether there was one to end. */
  #makeRoom(setting: string, group?: string): boolean {
    const [oldest] = group === undefined ? this.#mostUnknown() : (this.#unknown.get(group) ?? []);
    this.#warn(setting, oldest?.group ?? group);
    if (oldest === undefined) return false;
    // Its end is told later; its room is needed now.
    this.#forget(oldest);
    oldest.socket.destroy();
    return true;
  }

  #mostUnknown(): Iterable<Held> {
    let most: ReadonlySet<Held> = new Set();
    for (const one of this.#unknown.values()) if (one.size > most.size) most = one;
    return most;
  }

  #warn(setting: string, address: string | undefined): void {
    const nowMs = performance.now();
    if (nowMs - this.#warnedAtMs < warnEveryMs) return;
    this.#warnedAtMs = nowMs;
    const facts = { connections: this.#held.size, unknown: this.#unknownCount, setting, address };
    this.#logger.warn("too many connections: some were ended or turned away", facts);
  }
}
