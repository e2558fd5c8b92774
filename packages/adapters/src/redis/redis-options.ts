import type { ConnectionOptions } from "node:tls";
import type { Logger } from "@persys/core";

/** How long a commit that is answered with success is to have been safe: what `appendfsync` of the server has to be. */
export type WantedDurability = "always" | "everysec" | "none";

/** What a RedisStateStore needs to know. */
export interface RedisStateStoreOptions {
  /**
   * Where the server is: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. Of a cluster, any node. Name and password are
   * percent-encoded.
   */
  readonly url: string;
  /** The node whose state this is. Several nodes may share one server: every key has the node's id in it. */
  readonly nodeId: string;
  /** Certificates for `rediss://`: `ca`, `cert`, `key`, `servername`. Default: the authorities that Node trusts, and no certificate of our own. */
  readonly tls?: Pick<ConnectionOptions, "ca" | "cert" | "key" | "servername">;
  /** Told of quarantined records, dropped history entries, weak durability and lost connections. Default: nobody. */
  readonly logger?: Logger;
  /**
   * A server that promises less is used all the same, with a warning: `always` is what the port promises, a commit that survives the loss of
   * power; `everysec` gives up the last second. Default `always`.
   */
  readonly durability?: WantedDurability;
  /**
   * How long the state stays reserved for an owner that has fallen silent, in milliseconds. It is renewed three times as often. Default 10 000.
   */
  readonly leaseMs?: number;
  /**
   * How long the server may leave the oldest question unanswered before the connection is given up, and how long connecting may take, in
   * milliseconds. Less than what the engine waits for a commit. Default 5000.
   */
  readonly answerTimeoutMs?: number;
  /** Batches that may be on their way before commit answers STORE_UNAVAILABLE, effect none, at once. Default 40 000: twice the most workloads of a node. */
  readonly waitingBatchesMax?: number;
}
