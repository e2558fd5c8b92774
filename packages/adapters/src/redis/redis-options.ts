import type { Logger } from "@persys/core";

/** What a RedisStateStore needs to know. */
export interface RedisStateStoreOptions {
  /**
   * Where the server is: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. A user of its own is wise; what it has to be allowed
   * is in docs/operations.md.
   */
  readonly url: string;
  /** The node whose state this is. Several nodes may share one server: every key has the node's id in it. */
  readonly nodeId: string;
  /** Told of quarantined records, dropped history entries, weak durability and lost connections. Default: nobody. */
  readonly logger?: Logger;
}
