import type { Logger } from "@persys/core";

/** What an LmdbStateStore needs to know. */
export interface LmdbStateStoreOptions {
  /** The state folder, used by this store alone. Made with mode 0700 when missing. */
  readonly path: string;
  /** The node whose state this is. A folder that holds the state of another node is refused. */
  readonly nodeId: string;
  /** Told of quarantined records, dropped history entries and repairs. Default: nobody. */
  readonly logger?: Logger;
  /**
   * Batches that may wait for their turn before commit answers STORE_UNAVAILABLE, effect none, at once. Default 40 000: twice the most workloads of a node.
   */
  readonly waitingBatchesMax?: number;
}
