import { randomInt } from "node:crypto";
import { AgentError, type Logger } from "@persys/core";
import { pause } from "../shared/wait.ts";
import { giveUp } from "./owner.ts";
import type { Argument, RedisConnection } from "./redis-connection.ts";
import type { RedisDialer } from "./redis-dialer.ts";
import { endsConnection, saidBy, storeError } from "./redis-errors.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { claimScript, commitScript, releaseScript, renewScript } from "./redis-scripts.ts";

/** What a link needs. */
export interface OwnerLinkOptions {
  readonly dialer: RedisDialer;
  readonly keys: RedisKeys;
  /** The opening that owns the state. */
  readonly opening: string;
  readonly leaseMs: number;
  readonly waitingMax: number;
  readonly logger: Logger;
  /** Called for each connection but the first, once it commits. Never throws. */
  readonly onConnected: (connection: RedisConnection) => Promise<void>;
}

/** The first wait before connecting again, and the longest, in milliseconds. */
const backOffMs = 50;
const backOffMsMax = 2000;

/**
 * The owner's way to the server, from taking the state to giving it up: one connection at a time, made again with growing waits when it is lost.
 * Each connection has a number that the server compares with every commit, so a commit given up with its connection can never arrive after a
 * later one. Once another opening has taken the state, the link is lost for good and connects no more.
 */
export class OwnerLink {
  readonly #options: OwnerLinkOptions;
  readonly #stopping = new AbortController();
  readonly #keptUp: Promise<void>;
  #connection: RedisConnection | undefined;
  /** Of the present connection, or the one that was present last. */
  #number = 0;
  /** Commits of this opening that the server has acknowledged. */
  #commits = 0;
  #underWay = 0;
  #settled: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #lost: AgentError | undefined;
  readonly #loss: PromiseWithResolvers<AgentError> = Promise.withResolvers();
  #lastFailure: unknown;
  #renewal: NodeJS.Timeout | undefined;

  /** @param connection the one over which the state was taken. */
  constructor(connection: RedisConnection, options: OwnerLinkOptions) {
    this.#options = options;
    this.#connection = connection;
    this.#keptUp = this.#keepUp(connection);
    this.#renewal = setTimeout(() => void this.#renew(), options.leaseMs / 3).unref();
  }

  /** Resolves when another opening has taken the state, or the server has lost it. */
  get lost(): Promise<AgentError> {
    return this.#loss.promise;
  }

  /**
   * Commits a batch. Batches take effect in the order of the calls.
   * @throws {AgentError} OWNERSHIP_LOST, effect none; STORE_FULL and STORE_UNAVAILABLE, with effect unknown when the connection was lost before
   *   the answer.
   */
  async commit(writes: readonly Argument[]): Promise<void> {
    const connection = this.#connection;
    const { keys, waitingMax } = this.#options;
    if (this.#lost !== undefined) throw this.#lost;
    if (connection === undefined) throw this.#away();
    if (this.#underWay >= waitingMax) throw this.#tooSlow();
    this.#underWay += 1;
    try {
      const [word, rest] = await connection.run(
        commitScript,
        [keys.owner, keys.records, keys.actions],
        [this.#options.opening, this.#number, ...writes],
      );
      this.#noteCommit(word, rest, connection);
    } catch (error) {
      if (AgentError.is(error)) throw error;
      this.#noteFailure(error, connection);
      throw storeError(error, { doing: "written", effect: "unknown", place: connection.place });
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#settled?.();
    }
  }

  /** Waits for the commits under way, gives up the lease where the server answers, and ends the connection. May be repeated. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#renewal);
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    const connection = this.#connection;
    this.#stopping.abort();
    try {
      const { keys, opening } = this.#options;
      await connection?.run(releaseScript, [keys.lease], [opening]);
    } catch (error) {
      // It runs out by itself.
      const said = { server: connection?.place, error: saidBy(error) };
      this.#options.logger.info("the lease of the state could not be given up", said);
    }
    giveUp(this.#options.opening);
    connection?.end();
    await this.#keptUp;
  }

  #noteCommit(word: string, rest: string | undefined, connection: RedisConnection): void {
    switch (word) {
      case "OK":
        this.#commits = Number(rest);
        return;
      case "LOST":
        throw this.#lose("another owner has taken over the state");
      case "PARTLY":
        throw storeError(new Error(rest), {
          doing: "written whole",
          effect: "unknown",
          place: connection.place,
        });
      default:
        connection.end();
        throw this.#away();
    }
  }

  /** A server that is the wrong one, or has forgotten who we are, is left. */
  #noteFailure(error: unknown, connection: RedisConnection): void {
    const hasMoved = this.#options.dialer.follow(error);
    if (hasMoved || endsConnection(error)) connection.end();
  }

  async #keepUp(first: RedisConnection): Promise<void> {
    const { logger } = this.#options;
    let connection: RedisConnection | undefined = first;
    while (connection !== undefined) {
      await connection.ended;
      this.#connection = undefined;
      if (this.#stopping.signal.aborted || this.#lost !== undefined) return;
      const { place } = connection;
      this.#lastFailure = connection.causeOf(new Error("the connection was closed"));
      logger.warn("the connection to the state was lost; commits fail until it is back", {
        server: place,
        error: saidBy(this.#lastFailure),
      });
      connection = await this.#reconnect();
      if (connection === undefined) return;
      logger.info("the connection to the state is back", { server: connection.place });
      await this.#options.onConnected(connection);
    }
  }

  /** Undefined once the link is stopping or lost. */
  async #reconnect(): Promise<RedisConnection | undefined> {
    const { signal } = this.#stopping;
    for (let waitMs = backOffMs; ; waitMs = Math.min(waitMs * 2, backOffMsMax)) {
      try {
        // Of many agents that lost one server, not all are to come back at once.
        await pause(randomInt(Math.ceil(waitMs / 2), waitMs + 1), signal);
        const connection = await this.#options.dialer.dial(signal);
        if (await this.#claimed(connection)) return connection;
      } catch (error) {
        if (signal.aborted) return undefined;
        this.#noteAway(error);
      }
      if (this.#lost !== undefined) return undefined;
    }
  }

  /** Says why there is no connection, once for each reason. */
  #noteAway(error: unknown): void {
    const isNew = saidBy(error) !== saidBy(this.#lastFailure);
    this.#lastFailure = error;
    if (!isNew) return;
    this.#options.logger.warn("the state is out of reach", { error: saidBy(error) });
  }

  async #claimed(connection: RedisConnection): Promise<boolean> {
    const { keys, opening, leaseMs, dialer } = this.#options;
    const { signal } = this.#stopping;
    const stop = (): void => connection.end();
    if (signal.aborted) {
      stop();
      return false;
    }
    const number = this.#number + 1;
    // Counted also when no answer comes: it may have been taken.
    this.#number = number;
    signal.addEventListener("abort", stop, { once: true });
    try {
      const claim = [opening, number, leaseMs, this.#commits];
      const [word, commits] = await connection.run(claimScript, [keys.owner, keys.lease], claim);
      if (word === "OK") {
        this.#commits = Number(commits);
        this.#connection = connection;
        return true;
      }
      if (word === "LOST") this.#lose("another owner has taken over the state");
      if (word === "FORGOT") {
        this.#lose("the server has lost commits that it had acknowledged");
      }
      connection.end();
      return false;
    } catch (error) {
      dialer.follow(error);
      connection.end();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #renew(): Promise<void> {
    const { keys, opening, leaseMs } = this.#options;
    const connection = this.#connection;
    try {
      const lease = [opening, leaseMs];
      const answer = await connection?.run(renewScript, [keys.owner, keys.lease], lease);
      if (answer?.[0] === "LOST") this.#lose("another owner has taken over the state");
    } catch (error) {
      // The lease matters only to others who want it: whether we still own the state, each commit finds out.
      if (connection !== undefined) this.#noteFailure(error, connection);
    }
    if (this.#closing !== undefined || this.#lost !== undefined) return;
    this.#renewal = setTimeout(() => void this.#renew(), leaseMs / 3).unref();
  }

  #lose(why: string): AgentError {
    if (this.#lost !== undefined) return this.#lost;
    const { opening, logger } = this.#options;
    const server = this.#connection?.place;
    this.#lost = new AgentError("OWNERSHIP_LOST", why, {
      effect: "none",
      details: { opening, ...(server === undefined ? {} : { server }) },
    });
    logger.error("the state is not ours any more: nothing is written from now on", { server, why });
    this.#loss.resolve(this.#lost);
    return this.#lost;
  }

  #away(): AgentError {
    const why = this.#lastFailure === undefined ? "" : `: ${saidBy(this.#lastFailure)}`;
    return new AgentError("STORE_UNAVAILABLE", `the state is out of reach${why}`, {
      effect: "none",
      retryable: true,
      cause: this.#lastFailure,
    });
  }

  #tooSlow(): AgentError {
    const message = `the state store is too slow: ${this.#underWay} batches are waiting`;
    return new AgentError("STORE_UNAVAILABLE", message, { effect: "none", retryable: true });
  }
}
