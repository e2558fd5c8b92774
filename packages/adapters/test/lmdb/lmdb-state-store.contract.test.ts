import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LmdbStateStore } from "@persys/adapters/lmdb";
import { caseContext, stateStoreContract } from "@persys/conformance";
import { describe, it } from "vitest";
import { withRawState } from "./raw-state.ts";

describe("LmdbStateStore", () => {
  const cases = stateStoreContract(async () => {
    const path = await mkdtemp(join(tmpdir(), "persys-state-"));
    return {
      store: () => new LmdbStateStore({ path, nodeId: "node-1" }),
      damageRecord: (id) =>
        withRawState(path, async (database) => {
          const key = Buffer.from(`record/${id}`);
          const bytes = database.getBinary(key);
          if (bytes === undefined) throw new Error(`no record ${id}`);
          await database.put(key, bytes.subarray(0, -1));
        }),
      takeOver: () =>
        withRawState(path, async (database) => {
          await database.put(Buffer.from("store/owner"), Buffer.from("another"));
        }),
      dispose: () => rm(path, { recursive: true }),
    };
  });

  for (const rule of cases)
    it(`${rule.id} ${rule.level}: ${rule.title}`, () => rule.run(caseContext()));
});
