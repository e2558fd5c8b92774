import { MemoryDisk, MemoryStateStore } from "@persys/adapters/memory";
import { caseContext, stateStoreContract } from "@persys/conformance";
import { describe, it } from "vitest";

describe("MemoryStateStore", () => {
  const cases = stateStoreContract(async () => {
    const disk = new MemoryDisk();
    return {
      store: () => new MemoryStateStore({ disk }),
      damageRecord: async (id) => {
        const bytes = disk.records.get(id);
        if (bytes === undefined) throw new Error(`no record ${id}`);
        disk.records.set(id, bytes.subarray(0, -1));
      },
      takeOver: async () => {
        await new MemoryStateStore({ disk }).open(new AbortController().signal);
      },
      dispose: async () => {},
    };
  });

  for (const rule of cases)
    it(`${rule.id} ${rule.level}: ${rule.title}`, () => rule.run(caseContext()));
});
