import type { ConnectionOptions } from "node:tls";
import { Redis } from "ioredis";
import { placeOf, type RedisAddress } from "./redis-address.ts";
import {
  claimScript,
  commitScript,
  type RedisScript,
  releaseScript,
  renewScript,
  takeScript,
} from "./redis-scripts.ts";

/** How to connect. */
export interface ConnectionRequest {
  readonly address: RedisAddress;
  readonly tls: ConnectionOptions | undefined;
  /** How long connecting may take, and the server may leave the oldest call unanswered, in milliseconds. */
  readonly answerTimeoutMs: number;
}

/** An argument of a script. */
export type Argument = string | number | Buffer;

const scripts = [takeScript, claimScript, renewScript, releaseScript, commitScript];

/**
 * One connection, from its making to its end: it never connects again by itself and keeps nothing back to send it later, so a call that failed
 * was either answered or went with the connection. Calls are sent at once and answered in their order.
 */
export class RedisConnection {
  /** The server, without name and password. */
  readonly place: string;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  readonly #redis: Redis;
  #lastError: unknown;

  private constructor({ address, tls, answerTimeoutMs }: ConnectionRequest) {
    this.place = placeOf(address);
    const { host, port, username, password, database } = address;
    this.#redis = new Redis({
      host,
      port,
      db: database,
      // Absent and undefined are the same to ioredis.
      username,
      password,
      ...(address.isTls ? { tls: { servername: servernameOf(host), ...tls } } : {}),
      connectionName: "persys",
      // RESP 3 has no answer that is of use here, and would need HELLO.
      protocol: 2,
      disableClientInfo: true,
      lazyConnect: true,
      retryStrategy: null,
      enableOfflineQueue: false,
      // A server that still reads its data answers LOADING, which says as much as the INFO this would send.
      enableReadyCheck: false,
      connectTimeout: answerTimeoutMs,
      socketTimeout: answerTimeoutMs,
      // An end that waits for a server that does not answer is none.
      disconnectTimeout: 1,
    });
    this.ended = new Promise((resolve) => {
      this.#redis.once("end", resolve);
    });
    this.#redis.on("error", (error) => {
      this.#lastError = withoutCommand(error);
    });
  }

  /**
   * A connection that is authenticated and knows the scripts.
   * @throws what ioredis failed with; the reason of `signal`.
   */
  static async open(request: ConnectionRequest, signal: AbortSignal): Promise<RedisConnection> {
    signal.throwIfAborted();
    const connection = new RedisConnection(request);
    const abort = (): void => connection.end();
    signal.addEventListener("abort", abort, { once: true });
    try {
      await connection.#redis.connect();
      await Promise.all(scripts.map(({ lua }) => connection.#redis.script("LOAD", lua)));
      return connection;
    } catch (error) {
      connection.end();
      signal.throwIfAborted();
      throw connection.causeOf(error);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /**
   * Runs a script: its first word, and what goes with it.
   * @throws what ioredis failed with.
   */
  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<readonly [word: string, rest: string | undefined]> {
    try {
      const words = [script.sha, keys.length, ...keys, ...args];
      const answer = await this.#redis.call("EVALSHA", words);
      if (!Array.isArray(answer)) throw new TypeError("the server answered a script otherwise");
      const [word, rest] = answer.map(String);
      return [word ?? "", rest];
    } catch (error) {
      throw this.causeOf(error);
    }
  }

  /** Calls that read. @throws what ioredis failed with. */
  async read<T>(call: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await call(this.#redis);
    } catch (error) {
      throw this.causeOf(error);
    }
  }

  /** Ends the connection; what is unanswered fails. May be repeated. */
  end(): void {
    this.#redis.disconnect();
  }

  /** When the connection ends, ioredis fails every call with "Connection is closed."; why it ended it said before. */
  causeOf(error: unknown): unknown {
    const isAnswer = error instanceof Error && error.name === "ReplyError";
    return isAnswer ? withoutCommand(error) : (this.#lastError ?? error);
  }
}

/** ioredis hangs the command with all its arguments on an error: passwords, and records with what they hold. They are not for logs. */
function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, "command");
  return error;
}

/** A certificate is checked against a name; an address is none (RFC 6066, section 3). */
function servernameOf(host: string): string | undefined {
  return /^[\d.]+$|:/.test(host) ? undefined : host;
}
