export type { RedisStateStoreOptions } from "./redis-options.ts";
