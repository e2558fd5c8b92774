import {
  AgentError,
  assert,
  type Logger,
  silentLogger,
  type StateStore,
  type StoredState,
  type Write,
} from "@persys/core";
import { encodeBatch } from "../shared/record-codec/encode-batch.ts";
import { commitArguments, removalOf } from "./commit-arguments.ts";
import { readDurability, type ServerDurability, shortfalls } from "./durability.ts";
import { loadState, type ReadPage, type UnreadableAction } from "./load-state.ts";
import { OwnerLink } from "./owner-link.ts";
import { parseRedisUrl, placeOf, type RedisAddress } from "./redis-address.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { RedisDialer } from "./redis-dialer.ts";
import { saidBy, storeError } from "./redis-errors.ts";
import { keysOf, type RedisKeys } from "./redis-keys.ts";
import type { RedisStateStoreOptions } from "./redis-options.ts";
import { takeOwnership, type TakenOwnership } from "./take-ownership.ts";

type Optional = "durability" | "leaseMs" | "answerTimeoutMs" | "waitingBatchesMax";
type Settings = RedisStateStoreOptions & Required<Pick<RedisStateStoreOptions, Optional>>;

const defaults: Pick<Settings, Optional> = {
  durability: "always",
  leaseMs: 10_000,
  answerTimeoutMs: 5000,
  waitingBatchesMax: 40_000,
};

/**
 * How often an opening follows the cluster to where the keys are; more often, and its members contradict each other.
 */
const movesMax = 3;

/**
 * The state of one node in a Redis server.
 *
 *     open    connect -> epoch + 1 and the lease, by one script -> read and check every entry -> how safe is a commit here?
 *     commit  encode -> one script: is the state still ours, and this the connection that commits? -> write all of it
 *
 * The lease keeps a second agent from opening the state; the opening, compared by every script, keeps a former owner from writing. A commit
 * that was acknowledged is as safe as the server's `appendonly` and `appendfsync` make it; replicas are not waited for. The store may be
 * opened again after it was closed.
 */
export class RedisStateStore implements StateStore {
  readonly #options: Settings;
  readonly #address: RedisAddress;
  readonly #keys: RedisKeys;
  readonly #logger: Logger;
  #link: OwnerLink | undefined;
  #durability: ServerDurability | undefined;
  #warned = "";
  /** The open or close under way: each begins when the one before has ended. */
  #changing: Promise<unknown> = Promise.resolve();

  /** @throws {RangeError} for a URL that is none of Redis. */
  constructor(options: RedisStateStoreOptions) {
    this.#options = { ...defaults, ...options };
    this.#address = parseRedisUrl(options.url);
    this.#keys = keysOf(options.nodeId);
    this.#logger = options.logger ?? silentLogger;
  }

  /**
   * As the port says. Where the owner cannot be seen from here, it takes up to `leaseMs` to learn whether it lives. A server that does not let
   * us in is STORE_UNAVAILABLE and not retryable.
   * @throws {InvariantError} when the store is open.
   */
  open(signal: AbortSignal): Promise<StoredState> {
    return this.#inTurn(() => this.#open(signal));
  }

  async commit(batch: readonly Write[]): Promise<void> {
    const link = this.#link;
    if (link === undefined) {
      const message = `the state in ${placeOf(this.#address)} is not open`;
      throw new AgentError("STORE_UNAVAILABLE", message, { effect: "none" });
    }
    // Up to the socket without a pause, so that batches take effect in the order of the calls.
    await link.commit(commitArguments(encodeBatch(batch)));
  }

  /** What the server last said of how it keeps what it acknowledges; undefined before the first opening. */
  get durability(): ServerDurability | undefined {
    return this.#durability;
  }

  /** As the port says. Commits called after this are refused. */
  close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    return this.#inTurn(async () => {
      // Called while the store was being opened: what that opened is closed.
      const open = link ?? this.#link;
      this.#link = undefined;
      await open?.close();
    });
  }

  async #open(signal: AbortSignal): Promise<StoredState> {
    assert(this.#link === undefined, "a store is opened once before it is closed");
    signal.throwIfAborted();
    const { tls, answerTimeoutMs } = this.#options;
    const dialer = new RedisDialer({ address: this.#address, tls, answerTimeoutMs });
    for (let moves = 0; ; moves += 1) {
      try {
        return await this.#openAt(await dialer.dial(signal), dialer, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (dialer.follow(error) && moves < movesMax) continue;
        const place = placeOf(this.#address);
        throw storeError(error, { doing: "opened", effect: "none", place });
      }
    }
  }

  async #openAt(
    connection: RedisConnection,
    dialer: RedisDialer,
    signal: AbortSignal,
  ): Promise<StoredState> {
    let link: OwnerLink | undefined;
    // What waits for the server ends with the connection.
    const abort = (): void => {
      if (link === undefined) connection.end();
      else void link.close();
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      const readPage = this.#reader(connection);
      const taken = await this.#take(connection, readPage, signal);
      link = this.#linkOver(connection, dialer, taken);
      await this.#checkDurability(connection);
      const { unreadableActions, ...state } = await loadState(readPage, signal);
      this.#tellQuarantined(state);
      await this.#dropActions(link, unreadableActions);
      signal.throwIfAborted();
      this.#link = link;
      return { epoch: taken.epoch, ...state, ownershipLost: link.lost };
    } catch (error) {
      if (link === undefined) connection.end();
      else await link.close();
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #take(
    connection: RedisConnection,
    readPage: ReadPage,
    signal: AbortSignal,
  ): Promise<TakenOwnership> {
    const { nodeId, leaseMs } = this.#options;
    const logger = this.#logger;
    const keys = this.#keys;
    return takeOwnership({ connection, keys, nodeId, leaseMs, logger, signal, readPage });
  }

  #linkOver(
    connection: RedisConnection,
    dialer: RedisDialer,
    { opening }: TakenOwnership,
  ): OwnerLink {
    return new OwnerLink(connection, {
      dialer,
      keys: this.#keys,
      opening,
      leaseMs: this.#options.leaseMs,
      waitingMax: this.#options.waitingBatchesMax,
      logger: this.#logger,
      onConnected: (at) => this.#checkDurability(at),
    });
  }

  #reader(connection: RedisConnection): ReadPage {
    return (hash, cursor, count) =>
      connection.read((redis) => redis.hscanBuffer(this.#keys[hash], cursor, "COUNT", count));
  }

  async #checkDurability(connection: RedisConnection): Promise<void> {
    let found: ServerDurability;
    try {
      found = await readDurability(connection);
    } catch (error) {
      // The connection has ended, which whoever uses it finds out.
      const fields = { server: connection.place, error: saidBy(error) };
      this.#logger.warn("the server's settings could not be read", fields);
      return;
    }
    this.#durability = found;
    const wanted = this.#options.durability;
    const short = shortfalls(found, wanted);
    const said = short.join("; ");
    if (said !== "" && said !== this.#warned) {
      const fields = { server: connection.place, wanted, shortfalls: short };
      this.#logger.warn("the server keeps the state less safely than asked", fields);
    }
    this.#warned = said;
  }

  #tellQuarantined({ quarantined }: Pick<StoredState, "quarantined">): void {
    for (const { id, why } of quarantined) {
      this.#logger.error("a record is quarantined: it stays as it is until its id is deleted", {
        server: placeOf(this.#address),
        id,
        why,
      });
    }
  }

  /** Damaged history is no reason not to start, and keeping it would let it grow for ever: it is removed, with a warning each. */
  async #dropActions(link: OwnerLink, unreadable: readonly UnreadableAction[]): Promise<void> {
    const server = placeOf(this.#address);
    for (const { field, why, lost } of unreadable) {
      const fields = { server, seq: Number(field), why, removed: lost };
      this.#logger.warn("a history entry cannot be read", fields);
    }
    const lost = unreadable.filter((action) => action.lost).map(({ field }) => field);
    if (lost.length === 0) return;
    try {
      await link.commit(removalOf(lost));
    } catch (error) {
      // They are met again at the next open.
      this.#logger.warn("damaged history entries could not be removed", { server, error });
    }
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(step);
    this.#changing = result.catch(() => {
      // Whoever called has it; the next step begins all the same.
    });
    return result;
  }
}
