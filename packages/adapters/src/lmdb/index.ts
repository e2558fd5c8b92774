export type { StoreUsage } from "./lmdb-environment.ts";
export type { LmdbStateStoreOptions } from "./lmdb-options.ts";
export { LmdbStateStore } from "./lmdb-state-store.ts";
