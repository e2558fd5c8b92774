import { RedisStateStore } from "@persys/adapters/redis";
import type { ChildStoreModule } from "@persys/conformance";
import { z } from "zod";

const shape = z.object({ url: z.string(), nodeId: z.string() });

/** Opens the storage of redis-store-harness.ts in a process of its own. */
export const openStore: ChildStoreModule["openStore"] = (options) =>
  new RedisStateStore(shape.parse(options));
