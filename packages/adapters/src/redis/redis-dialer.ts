import type { ConnectionOptions } from "node:tls";
import { movedTo } from "./redis-errors.ts";
import { type RedisAddress } from "./redis-address.ts";
import { RedisConnection } from "./redis-connection.ts";

/** What a dialer needs to know. */
export interface DialerOptions {
  readonly address: RedisAddress;
  readonly tls: ConnectionOptions | undefined;
  readonly answerTimeoutMs: number;
}

/**
 * Connects to the server that has the keys of the node: the one of the URL, or the member of its cluster that was named by a server that has them
 * no more.
 */
export class RedisDialer {
  readonly #options: DialerOptions;
  #address: RedisAddress;

  constructor(options: DialerOptions) {
    this.#options = options;
    this.#address = options.address;
  }

  /**
   * A new connection. After one that could not be made, the next is to the address of the URL.
   * @throws as {@link RedisConnection.open}.
   */
  async dial(signal: AbortSignal): Promise<RedisConnection> {
    try {
      return await RedisConnection.open({ ...this.#options, address: this.#address }, signal);
    } catch (error) {
      this.#address = this.#options.address;
      throw error;
    }
  }

  /** Takes note of where an answer says the keys are. Returns whether it says so. */
  follow(error: unknown): boolean {
    const place = movedTo(error);
    if (place === undefined) return false;
    const host = place.host === "" ? this.#address.host : place.host;
    this.#address = { ...this.#options.address, host, port: place.port };
    return true;
  }
}
