export type { ServerDurability } from "./durability.ts";
export type { RedisStateStoreOptions, WantedDurability } from "./redis-options.ts";
export { RedisStateStore } from "./redis-state-store.ts";
