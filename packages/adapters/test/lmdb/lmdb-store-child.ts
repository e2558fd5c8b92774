import { LmdbStateStore } from "@persys/adapters/lmdb";
import type { ChildStoreModule } from "@persys/conformance";
import { z } from "zod";

const shape = z.object({ path: z.string(), nodeId: z.string() });

/** Opens the storage of lmdb-store-harness.ts in a process of its own. */
export const openStore: ChildStoreModule["openStore"] = (options) =>
  new LmdbStateStore(shape.parse(options));
