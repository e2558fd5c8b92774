export { MemoryDisk } from "./memory-disk.ts";
export { MemoryStateStore, type MemoryStateStoreOptions } from "./memory-state-store.ts";
